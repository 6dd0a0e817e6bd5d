//! The keys of the tests' own provider.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use rsa::pkcs8::EncodePrivateKey as _;
use serde_json::{Value, json};

/// The key that signs ID tokens. `OtherRsa` has the same id as `Rsa`, and is not published while that signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signer {
    #[default]
    Rsa,
    OtherRsa,
    P256,
    Ed25519,
}

impl Signer {
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::Rsa | Self::OtherRsa => "RS256",
            Self::P256 => "ES256",
            Self::Ed25519 => "EdDSA",
        }
    }

    pub fn sign(self, message: &str) -> Vec<u8> {
        let rsa = |key: &RsaKeyPair| {
            let mut signature = vec![0; key.public().modulus_len()];
            let kind = &signature::RSA_PKCS1_SHA256;
            key.sign(kind, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
            signature
        };
        match self {
            Self::Rsa => rsa(&KEY.0),
            Self::OtherRsa => rsa(&OTHER_KEY.0),
            Self::P256 => {
                P256.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
            }
            Self::Ed25519 => ED25519.0.sign(message.as_bytes()).as_ref().to_vec(),
        }
    }

    /// Returns the left half of a text's hash, for `at_hash`.
    pub fn half_hash(self, text: &str) -> String {
        let kind = if self == Self::Ed25519 { &digest::SHA512 } else { &digest::SHA256 };
        let hash = digest::digest(kind, text.as_bytes());
        URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
    }

    /// Returns a token with these claims and the key's id 1.
    pub fn token(self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "kid": "1"});
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(&message));
        format!("{message}.{signature}")
    }

    /// Returns the private key as PKCS#8 in PEM.
    pub fn pem(self) -> String {
        let der = match self {
            Self::Rsa => &KEY.1,
            Self::OtherRsa => &OTHER_KEY.1,
            Self::P256 => &P256.1,
            Self::Ed25519 => &ED25519.1,
        };
        let body = STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    }

    /// Returns the claims of a token that this key has signed.
    pub fn claims_of(self, token: &str) -> Option<Value> {
        let (message, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let check = |kind: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            signature::UnparsedPublicKey::new(kind, key).verify(message.as_bytes(), &signature).ok()
        };
        let rsa = &signature::RSA_PKCS1_2048_8192_SHA256;
        match self {
            Self::Rsa => check(rsa, KEY.0.public_key().as_ref())?,
            Self::OtherRsa => check(rsa, OTHER_KEY.0.public_key().as_ref())?,
            Self::P256 => check(&signature::ECDSA_P256_SHA256_FIXED, P256.0.public_key().as_ref())?,
            Self::Ed25519 => check(&signature::ED25519, ED25519.0.public_key().as_ref())?,
        }
        let payload = URL_SAFE_NO_PAD.decode(message.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// Returns the published keys: the one that signs, and one of the other kind.
    pub fn public_keys(self, id: &str) -> Vec<Value> {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let rsa = |key: &RsaKeyPair| {
            let public: ring::rsa::PublicKeyComponents<Vec<u8>> = key.public().into();
            json!({"kty": "RSA", "kid": id, "n": b64(&public.n), "e": b64(&public.e)})
        };
        match self {
            Self::Rsa => vec![rsa(&KEY.0)],
            Self::OtherRsa => vec![rsa(&OTHER_KEY.0)],
            Self::P256 => {
                let point = P256.0.public_key().as_ref();
                let (x, y) = (b64(&point[1..33]), b64(&point[33..]));
                vec![json!({"kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y})]
            }
            Self::Ed25519 => {
                let x = b64(ED25519.0.public_key().as_ref());
                vec![json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x})]
            }
        }
    }
}

/// A key and its PKCS#8 form.
type Stored<T> = LazyLock<(T, Vec<u8>)>;

static KEY: Stored<RsaKeyPair> = LazyLock::new(generate_key);
static OTHER_KEY: Stored<RsaKeyPair> = LazyLock::new(generate_key);
static P256: Stored<EcdsaKeyPair> = LazyLock::new(|| {
    let (kind, random) = (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let der = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(kind, der.as_ref(), &random).unwrap();
    (pair, der.as_ref().to_vec())
});
static ED25519: Stored<Ed25519KeyPair> = LazyLock::new(|| {
    let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    (Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap(), der.as_ref().to_vec())
});

/// ring makes no RSA keys.
fn generate_key() -> (RsaKeyPair, Vec<u8>) {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let der = key.to_pkcs8_der().unwrap().as_bytes().to_vec();
    (RsaKeyPair::from_pkcs8(&der).unwrap(), der)
}
