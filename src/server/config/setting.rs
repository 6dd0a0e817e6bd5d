//! The description of a setting, and its origin.

use std::borrow::Cow;
use std::fmt;

/// The description of a setting.
#[derive(Debug)]
pub struct Setting {
    /// `section.key`, or only the key for a provider's setting.
    pub key: &'static str,
    /// As written in the file, without quotes.
    pub default: &'static str,
    /// Completes the sentence "KEY must be …".
    pub wants: &'static str,
    /// The purpose, as one line of the example.
    pub about: &'static str,
    pub is_secret: bool,
}

impl Setting {
    /// Returns whether the file contains the value without quotes.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.default.parse::<u64>().is_ok()
    }

    /// Returns whether the file may contain the value as a boolean.
    #[must_use]
    pub fn is_boolean(&self) -> bool {
        self.default.parse::<bool>().is_ok()
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

/// The place where a setting is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// The profile with this name.
    Profile(&'static str),
    File {
        path: String,
        line: usize,
    },
    Environment {
        variable: String,
    },
}

impl Origin {
    /// Returns whether the operator set this setting.
    #[must_use]
    pub const fn is_explicit(&self) -> bool {
        matches!(self, Self::File { .. } | Self::Environment { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::File { path, line } => write!(f, "{path} line {line}"),
            Self::Environment { variable } => write!(f, "environment {variable}"),
        }
    }
}

/// Formats the value for printing, with secrets hidden.
pub fn show(row: &Setting, text: &str) -> String {
    match (row.is_secret, text.is_empty(), text.parse::<u64>()) {
        (true, false, _) => "(hidden)".to_owned(),
        (false, false, Ok(number)) => number.to_string(),
        _ => format!("{:?}", without_password(text)),
    }
}

/// Removes the user and the password from a URL.
pub fn without_password(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return text.into() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://…{}", &rest[user.len()..]).into(),
        None => text.into(),
    }
}
