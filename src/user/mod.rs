//! Users: who they are, how they are addressed, and the page on which they say so.
//!
//! An e-mail address is one type on both sides. It keeps what was typed and is compared without
//! regard to case.

#[cfg(feature = "ssr")]
pub mod cli;
mod disabling;
mod page;
#[cfg(feature = "ssr")]
pub mod server;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::Done;
use crate::role::{Permission, Permissions};

pub use disabling::{DisableProblem, Disabling, parse_day};
pub use page::ProfilePage;

/// An e-mail address: at most 254 octets, one `@`, a dot-atom before it (RFC 5322, section 3.2.3)
/// and a host name behind it (RFC 5321, section 4.1.2). ASCII, as browsers send it.
#[derive(Clone, Debug)]
pub struct Email {
    typed: String,
    key: String,
}

impl Email {
    /// RFC 5321, section 4.5.3.1.3, less the angle brackets.
    pub const MAX_LENGTH: usize = 254;

    /// The address as its owner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// Enough to recognise it by, for where it is kept longer than the account: `a…@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, host) = self.typed.rsplit_once('@').unwrap_or_default();
        format!("{}…@{host}", local.chars().next().unwrap_or_default())
    }

    /// The domain, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.key.rsplit_once('@').map_or("", |(_, it)| it)
    }

    /// What two addresses are compared by.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

impl Hash for Email {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

impl FromStr for Email {
    type Err = EmailProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() {
            return Err(EmailProblem::Missing);
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(EmailProblem::TooLong);
        }
        if !text.is_ascii() {
            return Err(EmailProblem::NotPlain);
        }
        let (local, host) = text.rsplit_once('@').ok_or(EmailProblem::Malformed)?;
        if !is_local_part(local) || !is_host(host) {
            return Err(EmailProblem::Malformed);
        }
        Ok(Self { typed: text.to_owned(), key: text.to_ascii_lowercase() })
    }
}

fn is_local_part(local: &str) -> bool {
    let is_atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    local.len() <= 64 && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.contains('.') && host.split('.').all(is_label)
}

/// Why an address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailProblem {
    Missing,
    TooLong,
    NotPlain,
    Malformed,
    /// It is the account's already.
    Unchanged,
    /// Of none of the domains that may sign up.
    OtherDomain,
}

impl std::error::Error for EmailProblem {}

impl fmt::Display for EmailProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Enter your e-mail address.",
            Self::TooLong => "This address is too long. Use one of 254 characters or fewer.",
            Self::NotPlain => "Use an address in plain letters, digits and signs.",
            Self::Malformed => "Enter an address like ada@example.com.",
            Self::Unchanged => "This is your address already. Enter another one.",
            Self::OtherDomain => "Only addresses of this site's own domains can sign up.",
        })
    }
}

/// The name a user goes by: at most 80 characters, none of them a control character.
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
        if text.chars().any(is_unprintable) {
            return Err(DisplayNameProblem::Control);
        }
        let text = text.trim();
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(DisplayNameProblem::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Control characters, and the marks that turn the direction of the text around them, with which a
/// name could pass for another (Unicode TR 36, section 2.5).
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayNameProblem {
    TooLong,
    Control,
}

impl fmt::Display for DisplayNameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "Use 80 characters or fewer.",
            Self::Control => "Leave out control characters and line breaks.",
        })
    }
}

/// The signed-in user, as the pages show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub email: Option<String>,
    pub email_verified: bool,
    pub display_name: String,
    pub has_password: bool,
    /// What they may do in the administration.
    pub permissions: Permissions,
    /// Until when an administrator uses the site as this user, in Unix seconds.
    pub impersonated_until: Option<i64>,
}

impl Viewer {
    /// Whether the administration has a page for them.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.impersonated_until.is_none()
            && Permission::ALL.into_iter().any(|it| self.permissions.has(it))
    }

    /// What to call them: the name, else the address.
    #[must_use]
    pub fn name(&self) -> &str {
        match (self.display_name.as_str(), &self.email) {
            ("", Some(email)) => email,
            ("", None) => "you",
            (name, _) => name,
        }
    }
}

/// Who is signed in.
#[server(prefix = "/api", endpoint = "viewer")]
pub async fn load_viewer() -> Result<Viewer, AppError> {
    let cx = crate::server::Context::current()?;
    Ok(cx.user().await?.viewer())
}

/// What the profile form sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    pub display_name: String,
}

impl ProfileForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<DisplayName, AppError> {
        self.display_name.parse().map_err(|problem| {
            AppError::Invalid(Problems { display_name: Some(problem), ..Problems::default() })
        })
    }
}

/// Saves the name to go by; an empty one is no name.
#[server(prefix = "/api", endpoint = "profile/display-name")]
pub async fn save_display_name(#[server(flatten)] form: ProfileForm) -> Result<Done, AppError> {
    let name = form.parse()?;
    let cx = crate::server::Context::current()?;
    let user = cx.user().await?;
    server::rename(&cx.app, &user.user_id, &name).await?;
    Ok(Done::here(crate::form::Notice::NameSaved))
}

/// How the pages are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Appearance {
    /// As the system says.
    #[default]
    System,
    Light,
    Dark,
}

impl Appearance {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word in the cookie, the form and `data-appearance`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Anything unknown is the system's choice.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|it| it.as_str() == word).unwrap_or_default()
    }
}

/// What the appearance form sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppearanceForm {
    pub appearance: String,
}

/// Keeps the appearance in a cookie of this browser, so that the first byte is coloured right.
#[server(prefix = "/api", endpoint = "profile/appearance")]
pub async fn save_appearance(#[server(flatten)] form: AppearanceForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::current()?;
    cx.user().await?;
    cx.remember_appearance(Appearance::from_word(&form.appearance));
    Ok(Done::here(crate::form::Notice::AppearanceSaved))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_people_have_are_taken() {
        for good in ["ada@example.com", "a.b+c@sub.example.co.uk", "O'Neill@xn--bcher-kva.example"]
        {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
    }

    #[test]
    fn addresses_that_nobody_has_are_refused() {
        for (bad, why) in [
            ("", EmailProblem::Missing),
            ("ada", EmailProblem::Malformed),
            ("@example.com", EmailProblem::Malformed),
            ("ada@example", EmailProblem::Malformed),
            ("ada@@example.com", EmailProblem::Malformed),
            ("a..b@example.com", EmailProblem::Malformed),
            ("ada@-example.com", EmailProblem::Malformed),
            ("ada@example.com\0", EmailProblem::Malformed),
            ("ada@exam\nple.com", EmailProblem::Malformed),
            ("ada@example.com\r\n", EmailProblem::Malformed),
            ("аda@example.com", EmailProblem::NotPlain),
        ] {
            assert_eq!(bad.parse::<Email>().err(), Some(why), "{bad:?}");
        }
        let long = format!("ada@{}.com", "a.".repeat(130));
        assert_eq!(long.parse::<Email>().err(), Some(EmailProblem::TooLong));
    }

    proptest! {
        #[test]
        fn an_address_is_compared_without_regard_to_case(text in "[a-zA-Z0-9]{1,10}@[a-z]{1,8}\\.com") {
            let lower: Email = text.to_ascii_lowercase().parse().unwrap();
            let upper: Email = text.to_ascii_uppercase().parse().unwrap();
            prop_assert_eq!(&lower, &upper);
            prop_assert_eq!(lower.key(), upper.key());
        }

        #[test]
        fn parsing_an_address_never_panics_and_is_idempotent(text in any::<String>()) {
            if let Ok(once) = text.parse::<Email>() {
                let twice: Email = once.as_str().parse().unwrap();
                prop_assert_eq!(once.as_str(), twice.as_str());
            }
        }

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
        fn a_name_with_a_control_character_is_refused(before in "[a-z]{0,5}", c in 0u8..32) {
            let text = format!("{before}{}x", char::from(c));
            prop_assert_eq!(text.parse::<DisplayName>(), Err(DisplayNameProblem::Control));
        }
    }
}
