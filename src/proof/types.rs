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
    Provider {
        /// The provider's name in the database, its label in a view.
        name: String,
        /// Whether the provider says that it checked several factors, in a way that the site accepts.
        is_multi_factor: bool,
    },
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
            Self::Provider { name, .. } => name,
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
        matches!(self, Self::Password | Self::Email | Self::Passkey { .. } | Self::Provider { .. })
    }

    /// Returns whether this proves a second factor. A passkey is both: something that the user has, unlocked by
    /// something that the user knows or is. So is a sign-in at a provider that checked both.
    #[must_use]
    pub const fn is_second_factor(&self) -> bool {
        matches!(
            self,
            Self::AuthenticatorApp
                | Self::RecoveryCode
                | Self::MailedCode
                | Self::Passkey { .. }
                | Self::Provider { is_multi_factor: true, .. }
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
            Method::Provider { name, is_multi_factor: false } => format!("{PROVIDER}{name}"),
            Method::Provider { name, is_multi_factor: true } => {
                format!("{MULTI_FACTOR_PROVIDER}{name}")
            }
        }
    }
}

/// Separates a provider of any name from the other methods, including future ones.
const PROVIDER: &str = "provider:";
const MULTI_FACTOR_PROVIDER: &str = "multi_factor_provider:";

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
            _ => {
                let plain = word.strip_prefix(PROVIDER).map(|it| (it, false));
                let named =
                    plain.or_else(|| word.strip_prefix(MULTI_FACTOR_PROVIDER).map(|it| (it, true)));
                let (name, is_multi_factor) =
                    named.filter(|(name, _)| !name.is_empty()).ok_or(UnknownMethod)?;
                Ok(Self::Provider { name: name.to_owned(), is_multi_factor })
            }
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
            let method = Method::Provider { name: name.to_owned(), is_multi_factor: false };
            let word = String::from(method.clone());
            assert_eq!(word.parse::<Method>().unwrap(), method);
        }
        for word in ["", "provider:", "multi_factor_provider:", "magic", "Password", "password "] {
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
                Method::Provider { name: name.clone(), is_multi_factor: false },
                Method::Provider { name: name.clone(), is_multi_factor: true },
            ] {
                let word = String::from(method.clone());
                prop_assert_eq!(word.parse::<Method>().unwrap(), method.clone());
                let json = serde_json::to_string(&method).unwrap();
                prop_assert_eq!(serde_json::from_str::<Method>(&json).unwrap(), method);
            }
        }
    }
}
