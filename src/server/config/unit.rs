//! Durations and rates, as written in settings.

use std::time::Duration;

/// A count per duration, at once or spread over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub per: Duration,
}

impl Rate {
    /// Parses a rate such as `10/1h`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (count, per) = text.split_once('/')?;
        let count = count.parse().ok().filter(|it| *it > 0)?;
        Some(Self { count, per: duration(per)? })
    }
}

/// Parses a whole number and a unit (`s`, `m`, `h` or `d`) of at least one second.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let (at, unit) = text.char_indices().last()?;
    let each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return None,
    };
    let seconds = text[..at].parse::<u32>().ok().map(|n| u64::from(n) * each)?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// Returns a duration in whole seconds, the unit of clocks and columns.
#[must_use]
pub fn seconds(it: Duration) -> i64 {
    i64::try_from(it.as_secs()).unwrap_or(i64::MAX)
}

/// Formats a duration in the largest exact unit: `10 minutes`, `7 days`.
#[must_use]
pub fn in_words(it: Duration) -> String {
    let seconds = it.as_secs();
    let units = [(86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let exact = units.into_iter().find(|(each, _)| seconds.is_multiple_of(*each));
    let (each, unit) = exact.unwrap_or((1, "second"));
    let number = seconds / each;
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_written_in_the_largest_exact_unit() {
        for (text, expected) in
            [("10m", "10 minutes"), ("60m", "1 hour"), ("24h", "1 day"), ("90s", "90 seconds")]
        {
            assert_eq!(in_words(duration(text).unwrap()), expected);
        }
    }

    #[test]
    fn a_rate_is_a_number_and_a_duration() {
        let rate = Rate::parse("10/1h").unwrap();
        assert_eq!((rate.count, rate.per.as_secs()), (10, 3600));
        for bad in ["", "10", "/1h", "0/1h", "10/", "10/0s", "-1/1h", "10/1h/2", "1.5/1h"] {
            assert_eq!(Rate::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,12}|[0-9]{0,12}[smhd]") {
            let _ = (duration(&text), Rate::parse(&text));
        }
    }
}
