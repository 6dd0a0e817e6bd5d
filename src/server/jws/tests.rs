//! Signatures, keys and what is refused.

use proptest::prelude::*;
use ring::signature::KeyPair as _;
use serde_json::{Value, json};

use super::*;

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A P-256 key and its JWK.
fn p256() -> (SigningKey, Value) {
    let random = SystemRandom::new();
    let kind = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let der = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(kind, der.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..])});
    (SigningKey { id: String::new(), pair: Pair::P256(pair) }, jwk)
}

fn ed25519() -> (SigningKey, Value) {
    let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": b64(pair.public_key().as_ref())});
    (SigningKey { id: String::new(), pair: Pair::Ed25519(pair) }, jwk)
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(&json!({ "keys": keys }).to_string()).unwrap()
}

fn with(mut key: Value, name: &str, value: impl Into<Value>) -> Value {
    key[name] = value.into();
    key
}

/// Signs with a key that says this id, or none.
fn token(key: &mut SigningKey, id: &str) -> String {
    key.id = id.to_owned();
    key.sign(&json!({"sub": "ada"})).unwrap()
}

/// Replaces the header of a token.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", b64(header.to_string().as_bytes()))
}

#[test]
fn v5_0_0__9_1_1__a_signature_of_each_kind_is_verified() {
    for ((mut key, jwk), algorithm) in [(p256(), Algorithm::Es256), (ed25519(), Algorithm::EdDsa)] {
        let token = token(&mut key, "");
        let verified = verify(&token, &set(std::slice::from_ref(&jwk))).unwrap();
        assert_eq!(
            (verified.payload.as_str(), verified.algorithm),
            (r#"{"sub":"ada"}"#, algorithm)
        );
        // Nothing of it can be changed.
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        let other = format!("{header}.{}.{signature}", b64(br#"{"sub":"eve"}"#));
        assert_eq!(
            verify(&other, &set(std::slice::from_ref(&jwk))).unwrap_err(),
            JwsError::Signature
        );
        let half = b64(&URL_SAFE_NO_PAD.decode(signature).unwrap()[..32]);
        let cut = format!("{message}.{half}");
        assert_eq!(
            verify(&cut, &set(std::slice::from_ref(&jwk))).unwrap_err(),
            JwsError::Signature
        );
        assert_eq!(
            verify(&format!("{message}."), &set(std::slice::from_ref(&jwk))).unwrap_err(),
            JwsError::Signature
        );
    }
}

#[test]
fn v5_0_0__9_1_2__algorithms_without_a_public_key_are_refused() {
    let (mut key, jwk) = ed25519();
    let keys = set(&[jwk.clone(), json!({"kty": "oct", "k": b64(b"secret")})]);
    let token = token(&mut key, "");
    for name in ["none", "None", "HS256", "HS512", "ES256K", "ES512", "RS1", "", "eddsa"] {
        let error = verify(&with_header(&token, &json!({ "alg": name })), &keys).unwrap_err();
        assert_eq!(error, JwsError::Algorithm(name.to_owned()));
    }
    for header in [json!({}), json!({"alg": 7}), json!({"alg": null}), json!({"alg": ["EdDSA"]})] {
        let error = verify(&with_header(&token, &header), &keys).unwrap_err();
        assert_eq!(error, JwsError::Algorithm(String::new()), "{header}");
    }
    // A key of one type never serves another algorithm.
    for name in ["RS256", "PS512", "ES256", "ES384"] {
        let error = verify(&with_header(&token, &json!({ "alg": name })), &keys).unwrap_err();
        assert_eq!(error, JwsError::UnknownKey(String::new()), "{name}");
    }
    let critical = json!({"alg": "EdDSA", "crit": ["b64"], "b64": false});
    assert_eq!(verify(&with_header(&token, &critical), &keys).unwrap_err(), JwsError::Critical);
    let critical = json!({"alg": "EdDSA", "crit": null});
    assert_eq!(verify(&with_header(&token, &critical), &keys).unwrap_err(), JwsError::Critical);
}

#[test]
fn keys_are_chosen_by_id_use_and_algorithm() {
    let ((mut key, jwk), (_, other)) = (p256(), p256());
    let named = |id: &str| with(jwk.clone(), "kid", id);
    let is_accepted = |token: &str, keys: &[Value]| verify(token, &set(keys)).is_ok();
    let (plain, first) = (token(&mut key, ""), token(&mut key, "1"));
    assert!(is_accepted(&first, &[with(other.clone(), "kid", "2"), named("1")]));
    // Two keys of one id; a key without an id; a token without an id.
    assert!(is_accepted(&first, &[with(other.clone(), "kid", "1"), named("1")]));
    assert!(is_accepted(&first, &[with(other.clone(), "kid", "2"), jwk.clone()]));
    assert!(is_accepted(&plain, &[with(other.clone(), "kid", "2"), named("1")]));
    // The right key under another id is not the one that the token names.
    let wrong = verify(&first, &set(&[named("2")])).unwrap_err();
    assert_eq!(wrong, JwsError::UnknownKey("1".to_owned()));
    assert!(wrong.may_be_new_key());
    for (name, value, accepted) in [
        ("use", json!("sig"), true),
        ("use", json!("enc"), false),
        ("use", json!(7), true),
        ("alg", json!("ES256"), true),
        ("alg", json!("ES384"), false),
        ("alg", json!("ECDH-ES"), false),
        ("key_ops", json!(7), true),
        ("key_ops", json!(["sign", "verify"]), true),
        ("key_ops", json!(["encrypt"]), false),
        ("x5c", json!({}), true),
        ("crv", json!("P-384"), false),
        ("x", json!("AAAA"), false),
        ("y", json!(null), false),
    ] {
        let key = with(jwk.clone(), name, value.clone());
        assert_eq!(is_accepted(&plain, &[key]), accepted, "{name} {value}");
    }
    // The number of keys that are tried is limited.
    let many: Vec<_> = std::iter::repeat_n(other, MOST_TRIED).chain([jwk]).collect();
    assert!(!is_accepted(&plain, &many) && is_accepted(&plain, &many[1..]));
}

#[test]
fn foreign_keys_in_a_set_are_left_out() {
    let (mut key, jwk) = ed25519();
    let token = token(&mut key, "");
    let foreign = [
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}),
        json!({"kty": "OKP", "crv": "Ed448", "x": "AA"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        json!({"kty": "RSA", "n": "!", "e": "AQAB"}),
        json!({"kty": 7}),
        json!(null),
        json!("key"),
        json!([]),
    ];
    let keys: Vec<_> = foreign.into_iter().chain([jwk]).collect();
    assert!(verify(&token, &set(&keys)).is_ok());
    for text in ["", "[]", "{}", "{\"keys\": null}", "<html>"] {
        assert!(KeySet::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_private_key_is_read_from_pem() {
    let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pem = |label: &str| {
        let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let key = SigningKey::from_pem(&pem("PRIVATE KEY"), "1".to_owned()).unwrap();
    assert_eq!(format!("{key:?}"), r#"SigningKey { id: "1", .. }"#);
    let header = key.sign(&json!({})).unwrap();
    let header = URL_SAFE_NO_PAD.decode(header.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header, json!({"alg": "EdDSA", "typ": "JWT", "kid": "1"}));
    for text in [
        "",
        "x",
        &pem("PUBLIC KEY"),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        assert!(SigningKey::from_pem(text, String::new()).is_none(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_token_and_no_key_set_panics(token in "[A-Za-z0-9_.-]{0,60}|.*", keys in any::<String>()) {
        let keys = KeySet::parse(&keys).unwrap_or_default();
        prop_assert!(verify(&token, &keys).is_err());
    }
}
