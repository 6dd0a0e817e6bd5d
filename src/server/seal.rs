//! Sealing: what leaves for a cookie or rests in a row and must come back unread and unchanged.

use std::fmt;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

use super::Error;
use super::config::{ConfigError, SiteConfig};
use super::digest::random_token;
use crate::text::without_bom;

const KEY_FILE: &str = "key";
const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// How many old keys still open what they have sealed.
const OLD_KEYS: usize = 4;

/// XChaCha20-Poly1305 under the app's keys: its nonces are long enough to be drawn at random. The first
/// key seals, and all of them open.
#[derive(Clone)]
pub struct Seal(Vec<XChaCha20Poly1305>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Takes the configured key, else the one in the data folder, else makes that one.
    pub fn open_or_create(site: &SiteConfig) -> Result<Self, Error> {
        let refuse = |place: &str| {
            ConfigError(format!(
                "{place} wants 32 octets as base64url (43 characters), or more such keys with \
                 spaces between"
            ))
        };
        if let Some(key) = &site.key {
            return Self::parse(key.expose()).ok_or_else(|| refuse("site.key").into());
        }
        create_data_folder(&site.data)?;
        let path = site.data.join(KEY_FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => create_key(&path)?,
            other => other?,
        };
        Self::parse(without_bom(&text)).ok_or_else(|| refuse(&path.display().to_string()).into())
    }

    /// Reads a key, or more of them with white space between; `None` where one is none.
    pub fn parse(text: &str) -> Option<Self> {
        let keys: Vec<_> = text.split_whitespace().map(Self::key).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    fn key(text: &str) -> Option<XChaCha20Poly1305> {
        let key = URL_SAFE_NO_PAD.decode(text).ok().filter(|it| it.len() == KEY_LENGTH)?;
        // A key for this one purpose, so that others can be drawn from the same secret.
        let derived =
            Sha256::new().chain_update(b"portcullis seal v1\0").chain_update(key).finalize();
        Some(XChaCha20Poly1305::new(&derived))
    }

    /// Seals for one purpose and place: only the same `bound_to` opens it again.
    pub fn seal(&self, bound_to: &str, text: &[u8]) -> Result<String, Error> {
        let mut nonce = [0; NONCE_LENGTH];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: text, aad: bound_to.as_bytes() };
        let key = self.0.first().ok_or(Error::Seal)?;
        let sealed = key.encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Seal)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what was sealed; `None` for anything else.
    #[must_use]
    pub fn open(&self, bound_to: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_LENGTH>()?;
        self.0.iter().find_map(|key| {
            let payload = Payload { msg, aad: bound_to.as_bytes() };
            key.decrypt(&XNonce::from(*nonce), payload).ok()
        })
    }
}

/// Where a new key is.
#[derive(Debug)]
pub enum Rotated {
    /// In the file of the data folder.
    File,
    /// To be put into `site.key`.
    Setting(String),
}

/// Puts a new key before the old ones, of which a few are kept. A server that runs learns of it when it
/// is started again, and until then opens nothing that the new one has sealed.
pub fn rotate(site: &SiteConfig, key: String) -> Result<Rotated, Error> {
    let with_old = |old: &str| {
        let old = old.split_whitespace().take(OLD_KEYS).map(str::to_owned);
        std::iter::once(key).chain(old).collect::<Vec<_>>()
    };
    if let Some(old) = &site.key {
        return Ok(Rotated::Setting(with_old(old.expose()).join(" ")));
    }
    let path = site.data.join(KEY_FILE);
    let keys = with_old(without_bom(&std::fs::read_to_string(&path)?)).join(" ");
    let draft = path.with_extension(random_token()?);
    let mut file = create_private_file(&draft)?;
    file.write_all(keys.as_bytes())?;
    file.sync_all()?;
    // Whole or not at all: who starts meanwhile reads the one or the other.
    std::fs::rename(&draft, &path)?;
    Ok(Rotated::File)
}

/// The data folder, which only this user may enter.
pub fn create_data_folder(path: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
        ConfigError(format!("site.data: {} can't be made: {error}", path.display()))
    })
}

/// A file that only this user may read; an error where there is one already.
pub fn create_private_file(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Writes a fresh key beside its place and links it there, so that of two processes that start
/// together one wins whole and the other reads what it wrote.
fn create_key(path: &Path) -> Result<String, Error> {
    // Not named after the process: in containers all are number one.
    let draft = path.with_extension(random_token()?);
    let key = random_token()?;
    let mut file = create_private_file(&draft)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Ok(std::fs::read_to_string(path)?)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal() -> Seal {
        Seal::parse(&URL_SAFE_NO_PAD.encode([7; 32])).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_at_its_place_only(text in any::<Vec<u8>>(), flip in any::<prop::sample::Index>()) {
            let sealed = seal().seal("here", &text).unwrap();
            prop_assert_eq!(seal().open("here", &sealed), Some(text));
            prop_assert_eq!(seal().open("there", &sealed), None);
            let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
            let at = flip.index(bytes.len());
            bytes[at] ^= 1;
            prop_assert_eq!(seal().open("here", &URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn a_key_is_32_octets_and_nothing_else(key in any::<[u8; 32]>(), other in "[A-Za-z0-9_=-]{0,50}|\\PC{0,50}") {
            let text = URL_SAFE_NO_PAD.encode(key);
            prop_assert!(Seal::parse(&text).is_some());
            let long = format!("{text}A");
            prop_assert!(Seal::parse(&long).is_none());
            prop_assert!(Seal::parse(&text[1..]).is_none());
            prop_assert!(Seal::parse(&other).is_none() || other.len() == text.len());
        }

        #[test]
        fn an_old_key_opens_still_and_seals_no_more(text in any::<Vec<u8>>(), old in any::<[u8; 32]>(), new in any::<[u8; 32]>()) {
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
