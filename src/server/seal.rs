//! Sealing: encrypts data in a cookie or a row that must come back unread and unchanged.

use std::collections::HashSet;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

use super::Error;
use super::config::{ConfigError, SiteConfig};
use super::digest::random_token;
use super::files::{self, AtomicFile, Exposure};
use crate::text::without_bom;

const KEY_FILE: &str = "key";
const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// Bytes of a key's id: enough to tell a few keys apart.
const ID_LENGTH: usize = 6;

/// How many old keys still open what they have sealed.
const MAX_OLD_KEYS: usize = 4;

/// XChaCha20-Poly1305 with the app's keys. Its nonces are long enough to be random. The first key seals,
/// and all keys open.
#[derive(Clone)]
pub struct Seal(Vec<SealKey>);

#[derive(Clone)]
struct SealKey {
    /// Names the key in rows and reveals nothing about it.
    id: String,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Reads the configured key, or else the one in the data folder, which is created if missing.
    pub fn open_or_create(site: &SiteConfig) -> Result<Self, Error> {
        let refuse = |place: &str| {
            ConfigError(format!(
                "{place} must be 32 random bytes as base64url (43 characters), or several such keys \
                 separated by spaces"
            ))
        };
        if let Some(key) = &site.key {
            return Self::parse(key.expose()).ok_or_else(|| refuse("site.key").into());
        }
        files::create_folder(&site.data, 0o700)?;
        let path = site.data.join(KEY_FILE);
        let text = match files::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => create_key(&path)?,
            other => other?,
        };
        if files::exposure(&path) == Some(Exposure::Everyone) {
            let path = path.display();
            return Err(ConfigError(format!(
                "every user of this machine can use {path}; run: chmod go= {path}"
            ))
            .into());
        }
        Self::parse(without_bom(&text)).ok_or_else(|| refuse(&path.display().to_string()).into())
    }

    /// Fails if no key is configured and the key file is missing.
    pub fn must_exist(site: &SiteConfig) -> Result<(), Error> {
        let path = site.data.join(KEY_FILE);
        if site.key.is_some() || files::length_if_exists(&path)?.is_some() {
            return Ok(());
        }
        Err(ConfigError(format!(
            "there is no key at {}; put it back, or run the command in the server's folder; \
             `portcullis migrate` creates a new key",
            path.display()
        ))
        .into())
    }

    /// Parses one key, or more with white space between; returns `None` if any is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let keys: Vec<_> = text.split_whitespace().map(Self::key).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    fn key(text: &str) -> Option<SealKey> {
        let key = URL_SAFE_NO_PAD.decode(text).ok().filter(|it| it.len() == KEY_LENGTH)?;
        let is_phrase = key.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
        if is_phrase || looks_typed(&key) || looks_typed(text.as_bytes()) {
            return None;
        }
        // A key for this one purpose, so that others can be derived from the same secret.
        let derived =
            |purpose: &str| Sha256::new().chain_update(purpose).chain_update(&key).finalize();
        Some(SealKey {
            id: URL_SAFE_NO_PAD.encode(&derived("portcullis key id v1\0")[..ID_LENGTH]),
            cipher: XChaCha20Poly1305::new(&derived("portcullis seal v1\0")),
        })
    }

    /// Returns the id of the key that seals, for rows that must be sealed again after a rotation.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.0.first().map_or("", |it| &it.id)
    }

    /// Encrypts for one purpose and place: only the same `seal_context` opens it again.
    pub fn seal(&self, seal_context: &str, text: &[u8]) -> Result<String, Error> {
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: text, aad: seal_context.as_bytes() };
        let key = self.0.first().ok_or(Error::Seal)?;
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Seal)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed; returns `None` for anything else.
    #[must_use]
    pub fn open(&self, seal_context: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_LENGTH>()?;
        self.0.iter().find_map(|key| {
            let payload = Payload { msg, aad: seal_context.as_bytes() };
            key.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
        })
    }
}

/// Returns whether a key was typed rather than generated: it repeats itself or continues in even steps. Of
/// random keys, not one in 10^12 has so few different bytes or steps.
fn looks_typed(key: &[u8]) -> bool {
    const MIN_DISTINCT: usize = 17;
    let bytes: HashSet<u8> = key.iter().copied().collect();
    let steps: HashSet<u8> = key.windows(2).map(|it| it[1].wrapping_sub(it[0])).collect();
    bytes.len() < MIN_DISTINCT || steps.len() < MIN_DISTINCT
}

/// The place of a new key.
#[derive(Debug)]
pub enum KeyLocation {
    /// In the key file of the data folder.
    File,
    /// To be set as `site.key`.
    Setting(String),
}

/// Puts a new key before the old ones, a few of which are kept. A running server reads it when it is
/// restarted, and until then can't open what the new key sealed.
pub fn rotate(site: &SiteConfig, key: String) -> Result<KeyLocation, Error> {
    let with_old = |old: &str| {
        let old = old.split_whitespace().take(MAX_OLD_KEYS).map(str::to_owned);
        std::iter::once(key).chain(old).collect::<Vec<_>>()
    };
    if let Some(old) = &site.key {
        return Ok(KeyLocation::Setting(with_old(old.expose()).join(" ")));
    }
    let path = site.data.join(KEY_FILE);
    let keys = with_old(&files::read_to_string(&path)?).join(" ");
    let mut draft = AtomicFile::private(&path)?;
    draft.add(keys.as_bytes())?;
    // Atomic: a process that starts meanwhile reads either the old keys or the new ones.
    draft.replace()?;
    Ok(KeyLocation::File)
}

/// Creates the key file. If two processes start together, one writes it whole and the other
/// reads what it wrote.
fn create_key(path: &Path) -> Result<String, Error> {
    let key = random_token()?;
    let mut draft = AtomicFile::private(path)?;
    draft.add(key.as_bytes())?;
    match draft.create() {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(files::read_to_string(path)?),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal() -> Seal {
        Seal::parse("x9nJbE0QhG3m0uVq1sT8wZ5yR2kL7pD4aF6cB_eXoHw").unwrap()
    }

    #[test]
    fn v5_0_0__11_5_1__a_key_that_is_not_random_is_refused() {
        let steps = |by: u8| (0..32).map(|n: u8| n.wrapping_mul(by)).collect::<Vec<_>>();
        let typed = b"a password is no key, not at all".to_vec();
        let phrase = b"Quick-Brown-Fox7Jumps_Lazy=Dog42".to_vec();
        assert!(Seal::parse("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPA").is_none());
        for key in
            [vec![0; 32], vec![7; 32], steps(1), steps(8), [1, 200].repeat(16), typed, phrase]
        {
            assert!(Seal::parse(&URL_SAFE_NO_PAD.encode(&key)).is_none(), "{key:?}");
        }
        for _ in 0..1000 {
            assert!(Seal::parse(&random_token().unwrap()).is_some());
        }
    }

    proptest! {
        #[test]
        fn sealed_text_opens_only_unchanged_and_for_its_purpose(text in any::<Vec<u8>>(), flip in any::<prop::sample::Index>()) {
            let sealed = seal().seal("here", &text).unwrap();
            prop_assert_eq!(seal().open("here", &sealed), Some(text));
            prop_assert_eq!(seal().open("there", &sealed), None);
            let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            let at = flip.index(bytes.len());
            bytes[at] ^= 1;
            prop_assert_eq!(seal().open("here", &URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn a_key_is_exactly_32_bytes(key in any::<[u8; 32]>(), other in "[A-Za-z0-9_=-]{0,50}|\\PC{0,50}") {
            let text = URL_SAFE_NO_PAD.encode(key);
            prop_assert!(Seal::parse(&text).is_some());
            let long = format!("{text}A");
            prop_assert!(Seal::parse(&long).is_none());
            prop_assert!(Seal::parse(&text[1..]).is_none());
            prop_assert!(Seal::parse(&other).is_none() || other.len() == text.len());
        }

        #[test]
        fn an_old_key_still_opens_but_no_longer_seals(text in any::<Vec<u8>>(), old in any::<[u8; 32]>(), new in any::<[u8; 32]>()) {
            prop_assume!(old != new);
            let [old, new] = [old, new].map(|it| URL_SAFE_NO_PAD.encode(it));
            let before = Seal::parse(&old).unwrap();
            let both = Seal::parse(&format!("{new} {old}\n")).unwrap();
            let after = Seal::parse(&new).unwrap();
            let sealed = before.seal("here", &text).unwrap();
            prop_assert_eq!(both.open("here", &sealed), Some(text.clone()));
            prop_assert_eq!(after.open("here", &sealed), None);
            let sealed = both.seal("here", &text).unwrap();
            prop_assert_eq!(after.open("here", &sealed), Some(text));
            prop_assert_eq!(before.open("here", &sealed), None);
        }

        #[test]
        fn opening_never_panics(text in any::<String>()) {
            prop_assert_eq!(seal().open("here", &text), None);
        }
    }
}
