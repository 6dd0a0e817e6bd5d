//! Recovery codes as users type them and as the page shows them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::text::is_blank;

/// How many codes are created together.
pub const CODES_PER_SET: usize = 10;

/// With this many unused codes or fewer, the user is told to create new ones.
pub const FEW_UNUSED: i64 = 3;

/// A recovery code without its hyphens: 24 characters of Crockford's base32, 120 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCode(Secret);

impl RecoveryCode {
    /// Characters of a code, of five bits each. ASVS 5.0, 6.5.2: from 112 bits on, a plain hash is enough.
    pub const LENGTH: usize = 24;
    /// Without the letters that look like others (Crockford, "Base 32").
    pub const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    /// Characters of a group, as the page shows a code.
    pub const GROUP: usize = 6;

    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl FromStr for RecoveryCode {
    type Err = RecoveryCodeProblem;

    /// Accepts a code as users type and paste it: in any case, with or without hyphens and spaces, and with the
    /// letters that look like digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let is_code = |c: &char| !is_blank(*c) && !matches!(c, '-' | '\u{2010}'..='\u{2015}');
        let code: String = text.chars().filter(is_code).map(plain).collect();
        if code.is_empty() {
            return Err(RecoveryCodeProblem::Missing);
        }
        let is_valid =
            code.len() == Self::LENGTH && code.bytes().all(|it| Self::ALPHABET.contains(&it));
        if is_valid { Ok(Self(code.into())) } else { Err(RecoveryCodeProblem::Malformed) }
    }
}

/// Reasons to refuse a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryCodeProblem {
    Missing,
    Malformed,
    /// Not one of the user's codes, or used before; never says which.
    Wrong,
}

impl fmt::Display for RecoveryCodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Enter a recovery code.",
            Self::Malformed => "Enter all 24 letters and digits of the recovery code.",
            Self::Wrong => {
                "This recovery code is wrong or was already used. Check it or use another one."
            }
        })
    }
}

/// New codes, shown once. They work after the user activates them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodeOffer {
    /// In groups, in the order of the page.
    pub codes: Vec<Secret>,
    /// The same codes, encrypted for this user; the form sends them back.
    pub token: String,
    /// How many codes of the current set are unused; `None` if there is no set.
    pub unused: Option<i64>,
    pub site_name: String,
    pub account: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_accepted_as_users_type_it() {
        let code = "0k7f39m2qx8wdt4np6rstabc";
        for text in [
            "0k7f39-m2qx8w-dt4np6-rstabc",
            " OK7F39-M2QX8W-DT4NP6-RSTABC\n",
            "ok7f39 m2qx8w dt4np6 rstabc",
            "0k7f39m2qx8wdt4np6rstabc",
            "0k7f39\u{2011}m2qx8w\u{2013}dt4np6-rstabc",
        ] {
            assert_eq!(text.parse::<RecoveryCode>().unwrap().secret().expose(), code, "{text:?}");
        }
        assert_eq!(" - ".parse::<RecoveryCode>(), Err(RecoveryCodeProblem::Missing));
        for text in ["0k7f39", "0k7f39-m2qx8w-dt4np6-rstabcd", "0k7f39-m2qx8w-dt4np6-rstabu"] {
            let problem = Err(RecoveryCodeProblem::Malformed);
            assert_eq!(text.parse::<RecoveryCode>(), problem, "{text:?}");
        }
    }

    #[test]
    fn v5_0_0__6_5_2__a_recovery_code_has_at_least_112_bits() {
        let alphabet: std::collections::BTreeSet<_> = RecoveryCode::ALPHABET.iter().collect();
        let bits = alphabet.len().ilog2() * u32::try_from(RecoveryCode::LENGTH).unwrap();
        assert!(bits >= 112, "{bits}");
    }

    proptest! {
        #[test]
        fn a_parsed_code_parses_to_itself(text in "[0-9a-zA-Z -]{20,32}|\\PC{0,30}") {
            if let Ok(code) = text.parse::<RecoveryCode>() {
                prop_assert_eq!(code.secret().expose().parse::<RecoveryCode>().unwrap(), code);
            }
        }
    }
}
