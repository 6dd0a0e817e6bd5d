//! Email addresses: one type for the server and the browser. It keeps the typed form and ignores case in
//! comparisons.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[path = "email/browser.rs"]
#[cfg(not(feature = "ssr"))]
mod rules;
#[path = "email/server.rs"]
#[cfg(feature = "ssr")]
mod rules;

/// An email address: at most 254 bytes, with a dot-atom before the `@` (RFC 5322, section 3.2.3) and a host
/// name after it (RFC 5321, section 4.1.2). The server converts an internationalized domain to ASCII: mail
/// servers accept that form, and no other domain looks like it.
#[derive(Clone, Debug)]
pub struct Email {
    typed: String,
    key: String,
}

impl Email {
    /// In bytes: RFC 5321, section 4.5.3.1.3, without the angle brackets.
    pub const MAX_LENGTH: usize = 254;

    /// Returns the email address as its owner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// Returns a recognisable form such as `a…@example.com`, for records that outlive the account.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, host) = self.typed.rsplit_once('@').unwrap_or_default();
        format!("{}…@{host}", local.chars().next().unwrap_or_default())
    }

    /// Returns the domain, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.key.rsplit_once('@').map_or("", |(_, it)| it)
    }

    /// Returns the key by which email addresses are compared.
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
        let text = rules::strip_surroundings(text);
        if text.is_empty() {
            return Err(EmailProblem::Missing);
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(EmailProblem::TooLong);
        }
        let (local, host) = text.rsplit_once('@').ok_or(EmailProblem::Malformed)?;
        let host = rules::check(local, host)?;
        let typed = format!("{local}@{host}");
        if typed.len() > Self::MAX_LENGTH {
            return Err(EmailProblem::TooLong);
        }
        Ok(Self { key: typed.to_ascii_lowercase(), typed })
    }
}

/// The reason an email address was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailProblem {
    Missing,
    TooLong,
    NotPlain,
    Malformed,
    /// The account already has this email address.
    Unchanged,
    /// Its domain is not one of those that may sign up.
    OtherDomain,
}

impl std::error::Error for EmailProblem {}

impl fmt::Display for EmailProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Enter your email address.",
            Self::TooLong => "This email address is too long. Use one of 254 characters or fewer.",
            Self::NotPlain => "Use only unaccented letters, digits and symbols before the @.",
            Self::Malformed => "Enter an email address like ada@example.com.",
            Self::Unchanged => "This is already your email address. Enter a different one.",
            Self::OtherDomain => "Only email addresses at this site's own domains can sign up.",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn valid_emails_are_accepted() {
        for good in ["ada@example.com", "a.b+c@sub.example.co.uk", "O'Neill@xn--bcher-kva.example"]
        {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
    }

    #[test]
    fn invalid_emails_are_refused() {
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
            ("ada@example.com\r\nbcc", EmailProblem::Malformed),
            ("аda@example.com", EmailProblem::NotPlain),
            ("ada@ü_b.example", EmailProblem::Malformed),
            ("ada@büro", EmailProblem::Malformed),
        ] {
            assert_eq!(bad.parse::<Email>().err(), Some(why), "{bad:?}");
        }
        let long = format!("ada@{}.com", "a.".repeat(130));
        assert_eq!(long.parse::<Email>().err(), Some(EmailProblem::TooLong));
        let longer_in_ascii = format!("{}@{}com", "a".repeat(64), "ü.".repeat(25));
        assert_eq!(longer_in_ascii.parse::<Email>().err(), Some(EmailProblem::TooLong));
    }

    #[test]
    fn characters_around_a_pasted_email_are_removed() {
        for around in [
            " ", "\u{A0}", "\u{3000}", "\r\n", "\u{FEFF}", "\u{200B}", "\u{2028}", "\u{202A}",
            "\u{AD}", "\u{61C}", "\u{FFFC}",
        ] {
            let pasted: Email = format!("{around}ada@example.com{around}").parse().unwrap();
            assert_eq!(pasted.as_str(), "ada@example.com", "{around:?}");
        }
    }

    #[test]
    fn an_email_copied_as_a_link_or_in_brackets_is_accepted() {
        for pasted in [
            "<ada@example.com>",
            "mailto:ada@example.com",
            "MAILTO:ada@example.com ",
            " <mailto:ada@example.com>",
            "< ada@example.com >",
            "mailto:<ada@example.com>",
            "mailto:ada@example.com?subject=Hello",
            "“ada@example.com”",
            "\"ada@example.com\",",
            "(ada@example.com).",
        ] {
            assert_eq!(pasted.parse::<Email>().unwrap().as_str(), "ada@example.com", "{pasted:?}");
        }
        for bad in [
            "ada@exa<mple.com",
            "mailto:",
            "<>",
            "http:ada@example.com",
            "<mailto:>",
            "mailto://ada@example.com",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "ada@example.com©",
            "mailto:ada@example.com/x",
            "mailto:a%2Bb@example.com",
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_domain_is_stored_in_ascii() {
        let typed: Email = "Ada@bücher.example".parse().unwrap();
        assert_eq!(typed.as_str(), "Ada@xn--bcher-kva.example");
        assert_eq!(typed, "ada@xn--bcher-kva.example".parse().unwrap());
        // A Cyrillic letter makes a different domain, and the ASCII form shows the difference.
        let cyrillic: Email = "ada@exаmple.com".parse().unwrap();
        assert_eq!(cyrillic.domain(), "xn--exmple-4nf.com");
    }

    proptest! {
        #[test]
        fn an_email_is_compared_without_regard_to_case(text in "[a-zA-Z0-9]{1,10}@[a-z]{1,8}\\.com") {
            let lower: Email = text.to_ascii_lowercase().parse().unwrap();
            let upper: Email = text.to_ascii_uppercase().parse().unwrap();
            prop_assert_eq!(&lower, &upper);
            prop_assert_eq!(lower.key(), upper.key());
        }

        #[test]
        fn parsing_an_email_never_panics_and_is_idempotent(text in any::<String>()) {
            if let Ok(once) = text.parse::<Email>() {
                prop_assert!(once.as_str().is_ascii());
                let twice: Email = once.as_str().parse().unwrap();
                prop_assert_eq!(once.as_str(), twice.as_str());
            }
        }
    }
}
