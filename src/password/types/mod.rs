//! Rules for passwords, and the reasons to refuse one.

mod strength;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::text::{nfc, without_bom};
use crate::user::Email;

pub use strength::Strength;

/// The maximum length of a password in Unicode scalar values (NIST SP 800-63B-4, section 3.1.1.2:
/// at least 64 must be allowed).
pub const MAX_LENGTH: usize = 256;

/// A password that meets the policy, in [the form](normalized) in which it is hashed.
#[derive(Clone, Debug)]
pub struct NewPassword(Secret);

impl NewPassword {
    /// Checks length and control characters only: no composition rules (NIST SP 800-63B-4, section 3.1.1.2).
    pub fn parse(password: &Secret, min_length: u16) -> Result<Self, PasswordProblem> {
        let password = normalized(password);
        match password.expose().chars().count() {
            0 => Err(PasswordProblem::Missing),
            n if n < usize::from(min_length) => Err(PasswordProblem::TooShort { min: min_length }),
            n if n > MAX_LENGTH => Err(PasswordProblem::TooLong),
            _ if password.expose().contains(char::is_control) => Err(PasswordProblem::Control),
            _ => Ok(Self(password)),
        }
    }

    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

/// Returns the password in Normalization Form C, because systems send "é" in different forms and
/// users can't see which (NIST SP 800-63B-4, section 3.1.1.2; RFC 8265, section 4.2.1). Also drops
/// a byte order mark, just as invisible, that was copied from the start of a file.
#[must_use]
pub fn normalized(password: &Secret) -> Secret {
    nfc(without_bom(password.expose())).into_owned().into()
}

/// An email address and an attempted password, as the sign-in form parsed them.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub email: Email,
    pub password: Secret,
}

/// Checks that an attempted password is worth a hash.
pub fn check_attempt(password: &Secret) -> Result<(), PasswordProblem> {
    match nfc(without_bom(password.expose())).chars().count() {
        0 => Err(PasswordProblem::Missing),
        n if n > MAX_LENGTH => Err(PasswordProblem::TooLong),
        // No stored password has one.
        _ if password.expose().contains(char::is_control) => Err(PasswordProblem::Control),
        _ => Ok(()),
    }
}

/// Reasons to refuse a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordProblem {
    Missing,
    TooShort {
        min: u16,
    },
    TooLong,
    Control,
    Wrong,
    /// It is in a list that attackers have.
    Breached,
    /// It is made of its owner's email address or name, or of the site's name.
    Personal,
}

impl fmt::Display for PasswordProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("Enter a password."),
            Self::TooShort { min } => {
                write!(f, "Use {min} characters or more. A phrase of several words works well.")
            }
            Self::TooLong => write!(f, "Use {MAX_LENGTH} characters or fewer."),
            Self::Control => f.write_str("Remove control characters and line breaks."),
            Self::Wrong => f.write_str("This is not your current password."),
            Self::Breached => {
                f.write_str("This password is on lists that attackers use. Choose another one.")
            }
            Self::Personal => f.write_str(
                "This password is made of your email address, your name or words of this site. \
                 Choose another one.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn choose(text: &str) -> Result<NewPassword, PasswordProblem> {
        NewPassword::parse(&text.to_owned().into(), 15)
    }

    #[test]
    fn v5_0_0__6_2_1__fifteen_characters_are_enough_and_fourteen_are_not() {
        assert!(choose("fifteen letters").is_ok());
        assert_eq!(choose("fourteen chars").err(), Some(PasswordProblem::TooShort { min: 15 }));
    }

    #[test]
    fn v5_0_0__6_2_9__length_is_counted_in_scalar_values() {
        assert!(choose(&"🗝".repeat(15)).is_ok());
        assert!(choose(&"é".repeat(MAX_LENGTH)).is_ok());
        assert_eq!(choose(&"é".repeat(MAX_LENGTH + 1)).err(), Some(PasswordProblem::TooLong));
    }

    #[test]
    fn v5_0_0__6_2_8__a_password_keeps_its_spaces_its_case_and_its_width() {
        let text = "  Ａ password with spaces  ";
        assert_eq!(choose(text).unwrap().secret().expose(), text);
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_password() {
        let composed = "Ma\u{F1}ana u\u{308}ber A\u{30A}ngstro\u{308}m";
        let decomposed = "Man\u{303}ana \u{FC}ber \u{C5}ngstr\u{F6}m";
        assert_eq!(choose(composed).unwrap().secret(), choose(decomposed).unwrap().secret());
        // Eight letters of two scalar values each count as eight.
        let short = "e\u{301}".repeat(8);
        assert_eq!(choose(&short).err(), Some(PasswordProblem::TooShort { min: 15 }));
        let long = "e\u{301}".repeat(MAX_LENGTH);
        assert!(choose(&long).is_ok() && check_attempt(&long.into()).is_ok());
    }

    proptest! {
        #[test]
        fn v5_0_0__6_2_5__there_are_no_composition_rules(text in "\\PC{15,64}") {
            prop_assert!(choose(&text).is_ok());
        }

        #[test]
        fn only_length_and_control_characters_are_checked(
            text in any::<String>().boxed().prop_union("[ -~é🗝]{0,300}".boxed()),
            min_length in 8_u16..=128,
        ) {
            let normal = normalized(&text.clone().into());
            let length = normal.expose().chars().count();
            let is_good = (usize::from(min_length)..=MAX_LENGTH).contains(&length)
                && !text.contains(char::is_control);
            let chosen = NewPassword::parse(&text.into(), min_length);
            prop_assert_eq!(chosen.is_ok(), is_good);
            if let Ok(chosen) = chosen {
                prop_assert_eq!(chosen.secret(), &normal);
                prop_assert_eq!(&normalized(&normal), &normal);
                prop_assert!(check_attempt(chosen.secret()).is_ok(), "what was chosen can be typed");
            }
        }

        #[test]
        fn an_accepted_attempt_has_a_valid_length_and_no_nul(text in any::<String>()) {
            if check_attempt(&text.clone().into()).is_ok() {
                prop_assert!((1..=MAX_LENGTH).contains(&nfc(&text).chars().count()));
                prop_assert!(!text.contains('\0'));
            }
        }
    }
}
