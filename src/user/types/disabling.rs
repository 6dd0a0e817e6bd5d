//! Disabling a user: the reason, and when it ends.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::{self, LineProblem};

/// The reason a user is disabled, and when that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabling {
    /// Written by an administrator: one line of at most 200 characters.
    pub reason: String,
    /// In Unix seconds. If `None`, the user stays disabled until enabled.
    pub until: Option<i64>,
}

impl Disabling {
    /// Parses a reason and an end: a day such as `2026-12-24`, when the user is enabled, or empty for none.
    pub fn parse(reason: &str, until: &str, now: i64) -> Result<Self, DisableProblem> {
        let reason = match text::line(reason, 200) {
            Ok(reason) if reason.is_empty() => return Err(DisableProblem::ReasonMissing),
            Ok(reason) => reason,
            Err(LineProblem::TooLong | LineProblem::Illegible) => {
                return Err(DisableProblem::Reason);
            }
        };
        let until = match until.trim() {
            "" => None,
            day => {
                let at = parse_day(day).filter(|it| *it > now).ok_or(DisableProblem::Until)?;
                Some(at)
            }
        };
        Ok(Self { reason, until })
    }
}

/// Returns the start of a day such as `2026-12-24` (RFC 3339, full-date) in UTC, in Unix seconds. Counts days
/// like Howard Hinnant's `days_from_civil`.
#[must_use]
pub fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let mut part = |length: usize| {
        let part = parts.next()?;
        let is_number = part.len() == length && part.bytes().all(|it| it.is_ascii_digit());
        if is_number { part.parse::<i64>().ok() } else { None }
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((era * 146_097 + day_of_era - 719_468) * 86400)
}

/// The reason a user was not disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisableProblem {
    ReasonMissing,
    Reason,
    Until,
}

impl DisableProblem {
    /// Returns the name of the field to correct.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::ReasonMissing | Self::Reason => "reason",
            Self::Until => "until",
        }
    }
}

impl fmt::Display for DisableProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReasonMissing => "Enter a reason.",
            Self::Reason => {
                "Use one line of 200 characters or fewer, without invisible characters."
            }
            Self::Until => "Choose a date after today, or leave this field empty.",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::utc;

    #[test]
    fn a_reason_is_one_line_and_the_end_is_a_future_day() {
        let now = 1_795_000_000;
        let parse = |reason: &str, until: &str| Disabling::parse(reason, until, now);
        assert_eq!(parse(" spam ", "").unwrap(), Disabling { reason: "spam".into(), until: None });
        assert_eq!(parse("spam", "2026-11-19").unwrap().until, Some(1_795_046_400));
        for (reason, until, why) in [
            ("", "", DisableProblem::ReasonMissing),
            (" ", "", DisableProblem::ReasonMissing),
            ("a\nb", "", DisableProblem::Reason),
            ("spam", "2026-11-18", DisableProblem::Until),
            ("spam", "tomorrow", DisableProblem::Until),
            ("spam", "2027-02-29", DisableProblem::Until),
            ("spam", "2027-1-1", DisableProblem::Until),
        ] {
            assert_eq!(parse(reason, until), Err(why), "{reason:?} {until:?}");
        }
        assert_eq!(parse(&"a".repeat(201), ""), Err(DisableProblem::Reason));
    }

    proptest! {
        #[test]
        fn a_day_round_trips_through_its_text(day in 0_i64..100_000) {
            let text = utc(day * 86400);
            prop_assert_eq!(parse_day(&text[..10]), Some(day * 86400));
        }

        #[test]
        fn parsing_a_day_never_panics(text in "[0-9-]{0,12}|\\PC{0,12}") {
            let _ = parse_day(&text);
        }
    }
}
