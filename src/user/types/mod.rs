//! Display names, the viewer and appearances.

mod disabling;
mod email;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::role::{Permission, Permissions};
use crate::text::{self, LineProblem};

pub use disabling::{DisableProblem, Disabling, parse_day};
pub use email::{Email, EmailProblem};

/// A user's display name: one legible line of at most 80 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// In Unicode scalar values.
    pub const MAX_LENGTH: usize = 80;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = DisplayNameProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text::line(text, Self::MAX_LENGTH) {
            Ok(name) => Ok(Self(name)),
            Err(LineProblem::TooLong) => Err(DisplayNameProblem::TooLong),
            Err(LineProblem::Illegible) => Err(DisplayNameProblem::Illegible),
        }
    }
}

/// The reason a display name was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayNameProblem {
    TooLong,
    Illegible,
}

impl fmt::Display for DisplayNameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "Use 80 characters or fewer.",
            Self::Illegible => "Remove line breaks and invisible characters.",
        })
    }
}

/// The signed-in user as pages show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub email: Option<String>,
    pub email_verified: bool,
    pub display_name: String,
    pub has_password: bool,
    /// The user's permissions in the administration.
    pub permissions: Permissions,
    /// Whether this user is the only administrator.
    pub is_only_administrator: bool,
    /// When an administrator's impersonation of this user ends, in Unix seconds.
    pub impersonated_until: Option<i64>,
}

impl Viewer {
    /// Returns whether the administration has a page for this user.
    #[must_use]
    pub fn has_admin_access(&self) -> bool {
        self.impersonated_until.is_none()
            && Permission::ALL.into_iter().any(|it| self.permissions.has(it))
    }

    /// Returns the name to show: the display name, or else the email address.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.display_name, self.email.as_deref())
    }
}

/// Returns the name to show for a user: the display name, or else the email address.
#[must_use]
pub fn name_of<'a>(display_name: &'a str, email: Option<&'a str>) -> &'a str {
    match (display_name, email) {
        ("", Some(email)) => email,
        ("", None) => super::text::UNNAMED,
        (name, _) => name,
    }
}

/// The colour scheme of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Appearance {
    /// Follows the system's setting.
    #[default]
    System,
    Light,
    Dark,
}

impl Appearance {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Returns the word used in the cookie, the form and `data-appearance`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Parses a word. An unknown word means the system's setting.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|it| it.as_str() == word).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parsing_a_name_never_panics_and_is_idempotent(text in any::<String>()) {
            if let Ok(once) = text.parse::<DisplayName>() {
                prop_assert!(once.as_str().chars().count() <= DisplayName::MAX_LENGTH);
                prop_assert_eq!(&once.as_str().parse::<DisplayName>().unwrap(), &once);
            }
        }

        #[test]
        fn an_appearance_is_one_of_three_words(text in "system|light|dark|\\PC{0,8}") {
            let read = Appearance::from_word(&text);
            let is_known = Appearance::ALL.iter().any(|it| it.as_str() == text);
            prop_assert_eq!(read.as_str(), if is_known { text.as_str() } else { "system" });
        }

        #[test]
        fn a_name_with_a_control_character_is_refused(before in "[a-z]{1,5}", c in 0u8..32) {
            let text = format!("{before}{}x", char::from(c));
            prop_assert_eq!(text.parse::<DisplayName>(), Err(DisplayNameProblem::Illegible));
        }
    }
}
