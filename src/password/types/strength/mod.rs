//! Estimates how well a password resists guessing. This is advice and never a reason to refuse: a
//! refusal must be the same everywhere and fit one sentence (NIST SP 800-63B-4, section 3.1.1.2).

mod dates;
mod dictionary;
mod keyboard;
mod patterns;
mod search;
mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many characters are measured.
const MEASURED: usize = 32;

/// The strength of a password: how many guesses it withstands. The limits are zxcvbn's.
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
        match guesses(password, context) {
            ..1e6 => Self::Weak,
            ..1e8 => Self::Fair,
            ..1e10 => Self::Good,
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

fn guesses(password: &str, context: &[&str]) -> f64 {
    let measured: Vec<char> = password.chars().take(MEASURED).collect();
    search::guesses(&measured, context)
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
    fn v5_0_0__6_2_4__common_passwords_are_weak_and_long_phrases_strong() {
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

    /// Passwords and the decimal logarithm of the guesses that zxcvbn 3.1.1 estimates for them.
    const ZXCVBN: &[(&str, f64)] = &[
        ("password", 0.5),
        ("Password1", 2.6),
        ("p4ssw0rd", 1.0),
        ("P@$$w0rd!", 4.0),
        ("letmein2024", 4.2),
        ("qwertyuiop", 1.4),
        ("1qaz2wsx3edc", 3.0),
        ("zxcvbn", 1.8),
        ("asdfghjkl;", 3.5),
        ("abcdefghij", 1.6),
        ("9876543210", 1.9),
        ("aaaaaaaaaaaaaaaa", 2.3),
        ("abababababababab", 1.9),
        ("abcabcabcabc", 1.7),
        ("correct horse battery staple", 19.3),
        ("rose garden", 8.0),
        ("drowssap", 0.7),
        ("Tr0ub4dour&3", 7.3),
        ("monkeymonkey", 1.5),
        ("iloveyou", 1.7),
        ("21.12.1999", 4.6),
        ("1999-12-21", 4.6),
        ("19991221", 4.0),
        ("summer2019", 4.2),
        ("dragonfly7", 5.2),
        ("j8Kq2v", 6.0),
        ("xK9#mQ2$vL", 10.0),
        ("hunter2hunter2", 4.2),
        ("blue sky over water", 15.5),
        ("elephantine", 5.7),
        ("ELEPHANT", 2.7),
        ("ElEpHaNt", 4.6),
        ("3l3ph4nt", 3.0),
        ("thequickbrownfox", 12.0),
        ("gfhjkm", 1.9),
        ("qazwsxedc", 2.4),
        ("poiuytrewq", 1.7),
        ("michael1985", 4.2),
        ("zebra umbrella", 8.9),
        ("kjhgfdsa", 2.8),
    ];

    #[test]
    fn v5_0_0__6_2_4__the_estimate_is_within_a_factor_of_five_of_zxcvbn() {
        for (password, expected) in ZXCVBN {
            let actual = guesses(password, &[]).log10();
            // Beyond 10 every password is strong.
            let difference = actual.min(10.0) - expected.min(10.0);
            assert!(difference.abs() < 0.7, "{password}: {actual} and not {expected}");
        }
    }

    /// Each of these characters may stand for a letter, and the estimate tries every combination.
    const COSTLY: &str = "4@8({[<3691!|70$5+%2";

    #[test]
    fn v5_0_0__15_1_3__measuring_a_long_password_costs_no_more_than_its_prefix() {
        let fastest = |length: usize| {
            let password: String = COSTLY.chars().cycle().take(length).collect();
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
    fn the_measured_prefix_ends_at_a_character_boundary() {
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
