//! Years, and dates with and without separators.

use super::search::Match;

/// The year that a date is compared with: attackers try recent years first.
const REFERENCE_YEAR: i64 = 2026;
/// The guesses for all years near the reference year.
const LEAST_YEARS: i64 = 20;
const DAYS: f64 = 365.0;
/// The guesses for a date's separators.
const SEPARATORS: f64 = 4.0;

/// Finds years and dates.
pub fn matches(password: &[char], found: &mut Vec<Match>) {
    for start in 0..password.len() {
        for end in start + 4..=password.len().min(start + 10) {
            let part: String = password[start..end].iter().collect();
            if let Some(guesses) = year(&part).into_iter().chain(date(&part)).reduce(f64::min) {
                found.push(Match { start, end, guesses });
            }
        }
    }
}

fn year(part: &str) -> Option<f64> {
    let is_year = part.len() == 4 && part.bytes().all(|it| it.is_ascii_digit());
    let year: i64 = is_year.then(|| part.parse().ok()).flatten()?;
    (1900..=REFERENCE_YEAR + 10).contains(&year).then(|| years(year))
}

/// Returns how many years an attacker tries up to this one.
fn years(year: i64) -> f64 {
    u32::try_from((year - REFERENCE_YEAR).abs().max(LEAST_YEARS)).map_or(f64::INFINITY, f64::from)
}

fn date(part: &str) -> Option<f64> {
    let separator = part.chars().find(|it| !it.is_ascii_digit());
    match separator {
        Some(it) if " /\\_.-".contains(it) => {
            let parts: Vec<&str> = part.split(it).collect();
            Some(years(year_of(&parts)?) * DAYS * SEPARATORS)
        }
        Some(_) => None,
        None => {
            let guesses = |(a, b)| {
                let parts = [part.get(..a)?, part.get(a..b)?, part.get(b..)?];
                Some(years(year_of(&parts)?) * DAYS)
            };
            let length = part.len();
            // Two parts of one or two digits, before the year or after it.
            let pairs = [(1, 1), (1, 2), (2, 1), (2, 2)];
            let year_last = pairs.map(|(a, b)| (a, a + b));
            let year_first =
                pairs.map(|(a, b)| (length.saturating_sub(a + b), length.saturating_sub(b)));
            year_last.into_iter().chain(year_first).filter_map(guesses).reduce(f64::min)
        }
    }
}

/// Returns the year of a date in any order of day, month and year.
fn year_of(parts: &[&str]) -> Option<i64> {
    let [first, second, third] = parts else { return None };
    let last = year_in(third).filter(|_| is_day_and_month(first, second));
    let leading = year_in(first).filter(|_| is_day_and_month(second, third));
    [last, leading].into_iter().flatten().min_by_key(|it| (it - REFERENCE_YEAR).abs())
}

fn number(text: &str) -> Option<i64> {
    (text.len() <= 4).then(|| text.parse().ok()).flatten()
}

/// Reads a year of four or two digits.
fn year_in(text: &str) -> Option<i64> {
    match (text.len(), number(text)?) {
        (4, year) if (1000..=2050).contains(&year) => Some(year),
        (2, year) if year > 50 => Some(1900 + year),
        (2, year) => Some(2000 + year),
        _ => None,
    }
}

/// Returns whether one is a day and the other a month.
fn is_day_and_month(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (number(one), number(other)) else { return false };
    let fits = |day: i64, month: i64| (1..=31).contains(&day) && (1..=12).contains(&month);
    fits(one, other) || fits(other, one)
}
