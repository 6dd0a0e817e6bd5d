//! Signed tokens of providers, and the assertions that this site signs (RFC 7515, RFC 7517, RFC 7518). All
//! cryptography is ring's.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair, RsaPublicKeyComponents};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::json::Json;

/// How many keys are tried for a token that names none.
const MOST_TRIED: usize = 8;

/// The algorithms of signatures. Only asymmetric ones: neither HMAC, whose key would be the client's secret
/// or, confused, a public key, nor `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

const ALGORITHMS: [(&str, Algorithm); 10] = [
    ("RS256", Algorithm::Rs256),
    ("RS384", Algorithm::Rs384),
    ("RS512", Algorithm::Rs512),
    ("PS256", Algorithm::Ps256),
    ("PS384", Algorithm::Ps384),
    ("PS512", Algorithm::Ps512),
    ("ES256", Algorithm::Es256),
    ("ES384", Algorithm::Es384),
    ("EdDSA", Algorithm::EdDsa),
    // RFC 9864, section 2.2, names the curve.
    ("Ed25519", Algorithm::EdDsa),
];

impl Algorithm {
    /// Returns the left half of the hash of a text, as `at_hash` has it (OpenID Connect Core 1.0, section
    /// 3.1.3.6).
    #[must_use]
    pub fn half_hash(self, text: &str) -> String {
        let hash = match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::Rs384 | Self::Ps384 | Self::Es384 => &digest::SHA384,
            Self::Rs512 | Self::Ps512 | Self::EdDsa => &digest::SHA512,
        };
        let digest = digest::digest(hash, text.as_bytes());
        URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2])
    }
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    #[error("{0} is malformed")]
    Malformed(&'static str),
    #[error("its algorithm is {0:?}, which is not accepted")]
    Algorithm(String),
    #[error("it has critical headers")]
    Critical,
    #[error("none of the provider's keys is for its algorithm and its kid {0:?}")]
    UnknownKey(String),
    #[error("its signature is wrong")]
    Signature,
}

impl JwsError {
    /// Returns whether newer keys may accept the token.
    #[must_use]
    pub const fn may_be_new_key(&self) -> bool {
        matches!(self, Self::UnknownKey(_) | Self::Signature)
    }
}

/// A public key of a provider.
#[derive(Clone, Debug)]
struct PublicKey {
    id: Option<String>,
    /// The only algorithm that the key is for, if the key says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// Reads a key for signatures; `None` if it is of a kind that is not used here.
    fn read(json: Json<'_>) -> Option<Self> {
        let text = |name: &str| json.member(name).and_then(Json::text);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?.trim_end_matches('=')).ok();
        // Coordinates have a fixed length (RFC 7518, section 6.2.1.2).
        let point = |length: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == length && y.len() == length).then(|| [vec![4], x, y].concat())
        };
        let operations = json.member("key_ops").map(Json::items).unwrap_or_default();
        let may_verify = operations.is_empty()
            || operations.into_iter().any(|it| it.text().as_deref() == Some("verify"));
        if text("use").is_some_and(|it| it != "sig") || !may_verify {
            return None;
        }
        let material = match (text("kty")?.as_str(), text("crv").unwrap_or_default().as_str()) {
            ("RSA", _) => Material::Rsa { n: bytes("n")?, e: bytes("e")? },
            ("EC", "P-256") => Material::P256(point(32)?),
            ("EC", "P-384") => Material::P384(point(48)?),
            ("OKP", "Ed25519") => Material::Ed25519(bytes("x")?),
            _ => return None,
        };
        Some(Self { id: text("kid"), algorithm: text("alg"), material })
    }

    /// Returns whether the key is for this algorithm. A key of one type never checks a signature of another.
    fn is_for(&self, algorithm: Algorithm, name: &str) -> bool {
        let fits = match algorithm {
            Algorithm::Es256 => matches!(self.material, Material::P256(_)),
            Algorithm::Es384 => matches!(self.material, Material::P384(_)),
            Algorithm::EdDsa => matches!(self.material, Material::Ed25519(_)),
            _ => matches!(self.material, Material::Rsa { .. }),
        };
        let says = |it: &String| find(it).map_or(it == name, |it| it == algorithm);
        fits && self.algorithm.as_ref().is_none_or(says)
    }

    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let rsa = match algorithm {
            Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            _ => &signature::RSA_PKCS1_2048_8192_SHA256,
        };
        let other = |kind: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            signature::UnparsedPublicKey::new(kind, key).verify(message, signature)
        };
        let verified = match &self.material {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(rsa, message, signature)
            }
            Material::P256(point) => other(&signature::ECDSA_P256_SHA256_FIXED, point),
            Material::P384(point) => other(&signature::ECDSA_P384_SHA384_FIXED, point),
            Material::Ed25519(key) => other(&signature::ED25519, key),
        };
        verified.is_ok()
    }
}

fn find(name: &str) -> Option<Algorithm> {
    ALGORITHMS.iter().find(|(it, _)| *it == name).map(|(_, it)| *it)
}

/// The public keys of a provider (RFC 7517, section 5).
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// Reads a JWK Set. Keys of unknown kinds are left out.
    pub fn parse(text: &str) -> Result<Self, JwsError> {
        let malformed = JwsError::Malformed("the key set");
        let json = Json::parse(text).map_err(|_| malformed.clone())?;
        let keys = json.member("keys").ok_or(malformed)?;
        Ok(Self(keys.items().into_iter().filter_map(PublicKey::read).collect()))
    }

    /// Returns the number of keys that can be used here.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the keys that may have signed: those with the token's id, and if there is none, those without
    /// an id; for a token without an id all, within a bound.
    fn candidates(&self, algorithm: Algorithm, name: &str, id: Option<&str>) -> Vec<&PublicKey> {
        let usable: Vec<_> = self.0.iter().filter(|it| it.is_for(algorithm, name)).collect();
        let with = |id: Option<&str>| -> Vec<&PublicKey> {
            usable.iter().copied().filter(|it| it.id.as_deref() == id).take(MOST_TRIED).collect()
        };
        let named = with(id);
        match id {
            None => usable.into_iter().take(MOST_TRIED).collect(),
            Some(_) if named.is_empty() => with(None),
            Some(_) => named,
        }
    }
}

/// The payload of a token whose signature is right.
#[derive(Clone, Debug)]
pub struct Verified {
    pub payload: String,
    pub algorithm: Algorithm,
}

/// Checks the signature of a token in compact serialization (RFC 7515, section 5.2).
pub fn verify(token: &str, keys: &KeySet) -> Result<Verified, JwsError> {
    let malformed = || JwsError::Malformed("its serialization");
    let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, payload) = message.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let text = |part| String::from_utf8(decode(part)?).map_err(|_| malformed());
    let header = text(header)?;
    let header = Json::parse(&header).map_err(|_| JwsError::Malformed("its header"))?;
    let member = |name: &str| header.member(name).and_then(Json::text);
    let name = member("alg").unwrap_or_default();
    let algorithm =
        find(&name).ok_or_else(|| JwsError::Algorithm(name.chars().take(32).collect()))?;
    if header.has("crit") {
        return Err(JwsError::Critical);
    }
    let (payload, signature) = (text(payload)?, decode(signature)?);
    let id = member("kid");
    let candidates = keys.candidates(algorithm, &name, id.as_deref());
    if candidates.is_empty() {
        return Err(JwsError::UnknownKey(id.unwrap_or_default().chars().take(64).collect()));
    }
    let is_right = |it: &&PublicKey| it.verifies(algorithm, message.as_bytes(), &signature);
    if candidates.iter().any(is_right) {
        Ok(Verified { payload, algorithm })
    } else {
        Err(JwsError::Signature)
    }
}

/// A private key of this site.
pub struct SigningKey {
    /// The key's id at the provider; empty if it needs none.
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads an RSA, P-256 or Ed25519 key as PKCS#8 in PEM (RFC 5958, RFC 7468); `None` if it is none.
    #[must_use]
    pub fn from_pem(pem: &str, id: String) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
        let der = der.secret_pkcs8_der();
        let p256 = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            Pair::Rsa(pair)
        } else if let Ok(pair) = EcdsaKeyPair::from_pkcs8(p256, der, &SystemRandom::new()) {
            Pair::P256(pair)
        } else {
            Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?)
        };
        Some(Self { id, pair })
    }

    /// Signs claims as a token in compact serialization; `None` if the system has no randomness.
    #[must_use]
    pub fn sign(&self, claims: &serde_json::Value) -> Option<String> {
        let algorithm = match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        };
        let mut header = serde_json::json!({"alg": algorithm, "typ": "JWT"});
        if !self.id.is_empty() {
            header["kid"] = self.id.as_str().into();
        }
        let part = |it: &serde_json::Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let kind = &signature::RSA_PKCS1_SHA256;
                pair.sign(kind, &random, message.as_bytes(), &mut signature).ok()?;
                signature
            }
            Pair::P256(pair) => pair.sign(&random, message.as_bytes()).ok()?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests;
