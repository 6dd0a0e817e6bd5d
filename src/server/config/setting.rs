//! What there is to say of a setting, and where it stands.

use std::borrow::Cow;
use std::fmt;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// `section.key`; for a provider's setting the key alone.
    pub key: &'static str,
    /// As it would stand in the file, without quotes.
    pub default: &'static str,
    /// Completes the sentence "KEY wants …".
    pub wants: &'static str,
    /// What it is for, a line for the example.
    pub about: &'static str,
    pub is_secret: bool,
}

impl Setting {
    /// Whether it stands in the file without quotes.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.default.parse::<u64>().is_ok()
    }
}

pub(super) const fn setting(
    key: &'static str,
    default: &'static str,
    wants: &'static str,
    about: &'static str,
) -> Setting {
    Setting { key, default, wants, about, is_secret: false }
}

pub(super) const fn secret(key: &'static str, wants: &'static str, about: &'static str) -> Setting {
    Setting { key, default: "", wants, about, is_secret: true }
}

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: String, line: usize },
    Environment { variable: String },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{path} line {line}"),
            Self::Environment { variable } => write!(f, "environment {variable}"),
        }
    }
}

/// The value as it is printed.
pub fn show(row: &Setting, text: &str) -> String {
    match (row.is_secret, text.is_empty(), text.parse::<u64>()) {
        (true, false, _) => "(hidden)".to_owned(),
        (false, false, Ok(number)) => number.to_string(),
        _ => format!("{:?}", without_password(text)),
    }
}

/// An address less the user and the password in it.
pub fn without_password(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return text.into() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://…{}", &rest[user.len()..]).into(),
        None => text.into(),
    }
}
