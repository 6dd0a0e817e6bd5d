//! The patterns in passwords.

use super::search::{self, Match, factor};
use super::{dates, dictionary, keyboard};

/// Finds all parts of the password that a pattern explains.
pub fn all(password: &[char], context: &[&str]) -> Vec<Match> {
    let mut found = Vec::new();
    dictionary::matches(password, context, &mut found);
    keyboard::matches(password, &mut found);
    dates::matches(password, &mut found);
    repeats(password, context, &mut found);
    sequences(password, &mut found);
    found
}

/// Finds units that repeat, such as `aaa` or `monkeymonkey`.
fn repeats(password: &[char], context: &[&str], found: &mut Vec<Match>) {
    let mut start = 0;
    while start < password.len() {
        let rest = &password[start..];
        // The longest repetition and its shortest unit.
        let mut best: Option<(usize, usize)> = None;
        for unit in 1..=rest.len() / 2 {
            let times = rest.chunks_exact(unit).take_while(|it| *it == &rest[..unit]).count();
            if times > 1 && best.is_none_or(|(length, _)| unit * times > length) {
                best = Some((unit * times, unit));
            }
        }
        let Some((length, unit)) = best else {
            start += 1;
            continue;
        };
        let guesses = search::guesses(&rest[..unit], context) * factor(length / unit);
        found.push(Match { start, end: start + length, guesses });
        start += length;
    }
}

/// The largest distance between the characters of a sequence.
const MAX_STEP: i64 = 5;

/// Finds characters at one distance from each other, such as `abcd` or `9753`.
fn sequences(password: &[char], found: &mut Vec<Match>) {
    let step =
        |at: usize| i64::from(u32::from(password[at])) - i64::from(u32::from(password[at - 1]));
    let mut start = 0;
    while start + 1 < password.len() {
        let by = step(start + 1);
        let mut end = start + 2;
        while end < password.len() && step(end) == by {
            end += 1;
        }
        let length = end - start;
        let is_long_enough = length > 2 || by.abs() == 1;
        if (1..=MAX_STEP).contains(&by.abs()) && is_long_enough {
            let starts = match password[start] {
                'a' | 'A' | 'z' | 'Z' | '0' | '1' | '9' => 4.0,
                it if it.is_ascii_digit() => 10.0,
                _ => 26.0,
            };
            let directions = if by < 0 { 2.0 } else { 1.0 };
            found.push(Match { start, end, guesses: starts * directions * factor(length) });
        }
        start = end - 1;
    }
}
