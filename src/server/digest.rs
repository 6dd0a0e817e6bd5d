//! Random secrets, and the digests that the database stores in their place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::Error;

/// Returns 256 random bits as base64url, 43 characters.
pub fn random_token() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns whether a text has the form of a token.
#[must_use]
pub fn is_token(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Returns the SHA-256 digest as base64url. Enough for secrets of 128 random bits or more, which can't be
/// guessed (ASVS 5.0, 11.4.1); passwords go to the hasher.
#[must_use]
pub fn digest(secret: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_ref()))
}
