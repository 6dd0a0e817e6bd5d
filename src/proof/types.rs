//! Methods, as sessions and pages name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A way to prove a user's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Method {
    Password,
    /// A mailed link or code.
    Email,
    /// A code of an authenticator app (RFC 6238).
    AuthenticatorApp,
    RecoveryCode,
    /// A mailed code as a second factor.
    MailedCode,
    /// A passkey whose user was verified (WebAuthn, section 6.1).
    Passkey {
        /// Whether it can't be copied to another device (WebAuthn, section 6.1.3).
        is_device_bound: bool,
    },
    /// A provider: its name in the database, its label in a view.
    Provider(String),
}

impl fmt::Display for Method {
    /// Writes the method for users: `password`, `email`, or the provider.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password => "password",
            Self::Email => "email",
            Self::AuthenticatorApp => "authenticator app",
            Self::RecoveryCode => "recovery code",
            Self::MailedCode => "mailed code",
            Self::Passkey { .. } => "passkey",
            Self::Provider(name) => name,
        })
    }
}

/// The error of [`Method`] for a word of another version.
#[derive(Clone, Copy, Debug)]
pub struct UnknownMethod;

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a method")
    }
}

impl Method {
    /// Returns whether this identifies a user. Any other method only adds to one that does.
    #[must_use]
    pub const fn is_first_factor(&self) -> bool {
        matches!(self, Self::Password | Self::Email | Self::Passkey { .. } | Self::Provider(_))
    }

    /// Returns whether this proves a second factor. A passkey is both: something that the user has, unlocked by
    /// something that the user knows or is.
    #[must_use]
    pub const fn is_second_factor(&self) -> bool {
        matches!(
            self,
            Self::AuthenticatorApp | Self::RecoveryCode | Self::MailedCode | Self::Passkey { .. }
        )
    }
}

/// Converts a method to the word that sessions store.
impl From<Method> for String {
    fn from(method: Method) -> Self {
        match method {
            Method::Password => "password".to_owned(),
            Method::Email => "email".to_owned(),
            Method::AuthenticatorApp => "authenticator_app".to_owned(),
            Method::RecoveryCode => "recovery_code".to_owned(),
            Method::MailedCode => "mailed_code".to_owned(),
            Method::Passkey { is_device_bound: false } => "passkey".to_owned(),
            Method::Passkey { is_device_bound: true } => "device_bound_passkey".to_owned(),
            Method::Provider(name) => format!("{PROVIDER}{name}"),
        }
    }
}

/// Separates a provider of any name from the other methods, including future ones.
const PROVIDER: &str = "provider:";

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Self, UnknownMethod> {
        match word {
            "password" => Ok(Self::Password),
            "email" => Ok(Self::Email),
            "authenticator_app" => Ok(Self::AuthenticatorApp),
            "recovery_code" => Ok(Self::RecoveryCode),
            "mailed_code" => Ok(Self::MailedCode),
            "passkey" => Ok(Self::Passkey { is_device_bound: false }),
            "device_bound_passkey" => Ok(Self::Passkey { is_device_bound: true }),
            _ => match word.strip_prefix(PROVIDER) {
                Some(name) if !name.is_empty() => Ok(Self::Provider(name.to_owned())),
                _ => Err(UnknownMethod),
            },
        }
    }
}

impl TryFrom<String> for Method {
    type Error = UnknownMethod;

    fn try_from(word: String) -> Result<Self, UnknownMethod> {
        word.parse()
    }
}

/// Lists methods for a sentence, such as `password, GitHub`.
#[must_use]
pub fn listed(methods: &[Method]) -> String {
    methods.iter().map(Method::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_provider_is_never_parsed_as_another_method() {
        for name in ["password", "email", "recovery_code", "passkey"] {
            let word = String::from(Method::Provider(name.to_owned()));
            assert_eq!(word.parse::<Method>().unwrap(), Method::Provider(name.to_owned()));
        }
        for word in ["", "provider:", "magic", "Password", "password "] {
            assert!(word.parse::<Method>().is_err(), "{word:?}");
        }
    }

    proptest! {
        #[test]
        fn a_method_round_trips_through_its_word(name in "[a-z0-9-]{1,20}") {
            for method in [
                Method::Password,
                Method::Email,
                Method::AuthenticatorApp,
                Method::RecoveryCode,
                Method::MailedCode,
                Method::Passkey { is_device_bound: false },
                Method::Passkey { is_device_bound: true },
                Method::Provider(name.clone()),
            ] {
                let word = String::from(method.clone());
                prop_assert_eq!(word.parse::<Method>().unwrap(), method.clone());
                let json = serde_json::to_string(&method).unwrap();
                prop_assert_eq!(serde_json::from_str::<Method>(&json).unwrap(), method);
            }
        }
    }
}
