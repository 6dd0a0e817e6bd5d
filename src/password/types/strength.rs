//! Estimates how well a password resists guessing. This is advice and never a reason to refuse: a
//! refusal must be the same everywhere and fit one sentence (NIST SP 800-63B-4, section 3.1.1.2).

use std::fmt;

use serde::{Deserialize, Serialize};
use zxcvbn::{Score, zxcvbn};

/// How many characters are measured.
const MEASURED: usize = 32;

/// The strength of a password by zxcvbn's estimate, in guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Fewer than 10⁶.
    Weak,
    /// Fewer than 10⁸.
    Fair,
    /// Fewer than 10¹⁰.
    Good,
    /// More.
    Strong,
}

impl Strength {
    /// Estimates a password's strength; `context` holds words about its owner and site. Measures
    /// only the beginning: the time grows at least with the square of the length, and if the
    /// beginning can't be guessed, the whole can't either.
    #[must_use]
    pub fn of(password: &str, context: &[&str]) -> Self {
        let end = password.char_indices().nth(MEASURED).map_or(password.len(), |it| it.0);
        match zxcvbn(&password[..end], context).score() {
            Score::Zero | Score::One => Self::Weak,
            Score::Two => Self::Fair,
            Score::Three => Self::Good,
            _ => Self::Strong,
        }
    }

    /// Returns the word for the page and for `data-strength`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Fair => "fair",
            Self::Good => "good",
            Self::Strong => "strong",
        }
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v5_0_0__6_2_4__what_people_choose_is_weaker_than_what_they_do_not() {
        for (password, expected) in [
            ("password", Strength::Weak),
            ("aaaaaaaaaaaaaaaa", Strength::Weak),
            ("rose garden", Strength::Good),
            ("correct horse battery staple", Strength::Strong),
        ] {
            assert_eq!(Strength::of(password, &[]), expected, "{password}");
        }
        assert_eq!(Strength::of("portcullis", &["Portcullis"]), Strength::Weak);
        assert_ne!(Strength::of("portcullis", &[]), Strength::Weak);
    }

    /// Each of these characters may stand for a letter, and zxcvbn tries every combination.
    const DEAR: &str = "4@8({[<3691!|70$5+%2";

    #[test]
    fn v5_0_0__15_1_3__a_long_password_costs_no_more_than_its_beginning() {
        let fastest = |length: usize| {
            let password: String = DEAR.chars().cycle().take(length).collect();
            let took = || {
                let began = std::time::Instant::now();
                let _ = Strength::of(&password, &["Portcullis"]);
                began.elapsed()
            };
            (0..3).map(|_| took()).min().unwrap()
        };
        let (beginning, whole) = (fastest(32), fastest(crate::password::MAX_LENGTH));
        assert!(whole < beginning * 4, "{beginning:?}, and {whole:?} for the whole");
    }

    #[test]
    fn a_beginning_that_ends_within_a_letter_of_many_bytes_is_no_fault() {
        let whole = "漢é🗝".repeat(80);
        assert_eq!(
            Strength::of(&whole, &[]),
            Strength::of(&whole.chars().take(MEASURED).collect::<String>(), &[])
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(password in "\\PC{0,300}", word in "\\PC{0,20}") {
            let _ = Strength::of(&password, &[&word]);
        }
    }
}
