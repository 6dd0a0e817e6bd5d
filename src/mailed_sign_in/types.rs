//! Mailed codes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::text::{DigitsProblem, six_digits};

/// Six digits, each code equally likely: one in a million.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(Secret);

impl Code {
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl FromStr for Code {
    type Err = CodeProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match six_digits(text) {
            Ok(digits) => Ok(Self(digits.into())),
            Err(DigitsProblem::Missing) => Err(CodeProblem::Missing),
            Err(DigitsProblem::Malformed) => Err(CodeProblem::Malformed),
        }
    }
}

/// Reasons to refuse a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeProblem {
    Missing,
    Malformed,
    Wrong,
    /// This browser requested no code, or did so too long ago.
    Expired,
}

impl fmt::Display for CodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "Enter the code.",
            Self::Malformed => "Enter the six digits from the email.",
            Self::Wrong => "This is not the code from the latest email.",
            Self::Expired => "This code has expired. Request a new one.",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_accepted_as_users_type_it() {
        for text in [
            "012345",
            " 012345\n",
            "012 345",
            "0 1 2 3 4 5",
            "012\u{a0}345",
            "\u{202a}012345\u{202c}",
            "０１２３４５",
        ] {
            assert_eq!(text.parse::<Code>().unwrap().secret().expose(), "012345", "{text:?}");
        }
        for text in ["12345", "1234567", "12345a", "12-345", "١٢٣٤٥٦", "-12345", "1234.5"] {
            assert_eq!(text.parse::<Code>(), Err(CodeProblem::Malformed), "{text:?}");
        }
        assert_eq!(" ".parse::<Code>(), Err(CodeProblem::Missing));
    }

    proptest! {
        #[test]
        fn a_parsed_code_is_always_six_digits(text in "[0-9 ]{0,9}|\\PC{0,9}") {
            if let Ok(code) = text.parse::<Code>() {
                let digits = code.secret().expose();
                prop_assert!(digits.len() == 6 && digits.bytes().all(|it| it.is_ascii_digit()));
            }
        }
    }
}
