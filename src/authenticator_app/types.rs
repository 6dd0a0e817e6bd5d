//! Codes of authenticator apps, and views of the apps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::text::{DigitsProblem, six_digits};

/// Six digits that an authenticator app shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatorCode(Secret);

impl AuthenticatorCode {
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl FromStr for AuthenticatorCode {
    type Err = AuthenticatorCodeProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match six_digits(text) {
            Ok(digits) => Ok(Self(digits.into())),
            Err(DigitsProblem::Missing) => Err(AuthenticatorCodeProblem::Missing),
            Err(DigitsProblem::Malformed) => Err(AuthenticatorCodeProblem::Malformed),
        }
    }
}

/// Reasons to refuse an authenticator app's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticatorCodeProblem {
    Missing,
    Malformed,
    /// Wrong, of another time, or used before; never says which.
    Wrong,
}

impl fmt::Display for AuthenticatorCodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Enter the code that your app shows.",
            Self::Malformed => "Enter the six digits that your app shows.",
            Self::Wrong => {
                "This code is wrong or was already used. Wait for the next one and try again."
            }
        })
    }
}

/// An authenticator app, as pages show it. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatorAppView {
    pub id: String,
    pub name: String,
    pub created_at: i64,
    /// `None` until one of its codes is used after the set-up.
    pub used_at: Option<i64>,
}

/// A QR code (ISO/IEC 18004) as the path of an SVG image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    /// Modules in a row, with the quiet zone.
    pub size: i32,
    /// One rectangle for each run of dark modules.
    pub path: Secret,
}

/// The data for setting up an authenticator app. Nothing is stored until a code proves that it works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatorSetUp {
    /// The shared key, encrypted for this user; the form sends it back.
    pub token: String,
    /// The shared key in base32 (RFC 4648, section 6), in groups of four.
    pub key: Secret,
    /// The `otpauth://` URI, which opens an app on the same device.
    pub uri: Secret,
    pub qr: QrCode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_0_0__6_5_4__only_six_digits_parse_as_a_code() {
        for text in ["012345", " 012 345 ", "０１２３４５"] {
            assert_eq!(
                text.parse::<AuthenticatorCode>().unwrap().secret().expose(),
                "012345",
                "{text:?}"
            );
        }
        assert_eq!(" ".parse::<AuthenticatorCode>(), Err(AuthenticatorCodeProblem::Missing));
        for text in ["12345", "1234567", "12345a", "-12345"] {
            assert_eq!(
                text.parse::<AuthenticatorCode>(),
                Err(AuthenticatorCodeProblem::Malformed),
                "{text:?}"
            );
        }
    }
}
