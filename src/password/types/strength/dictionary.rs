//! Words in a password: in any case, backwards, and with signs for letters.

use super::search::{Match, factor};
use super::words::Words;

/// Finds common words and those of the context.
pub fn matches(password: &[char], context: &[&str], found: &mut Vec<Match>) {
    forwards(password, context, 1.0, found);
    let backwards: Vec<char> = password.iter().rev().copied().collect();
    let mut reversed = Vec::new();
    forwards(&backwards, context, 2.0, &mut reversed);
    found.extend(reversed.into_iter().map(|it| Match {
        start: password.len() - it.end,
        end: password.len() - it.start,
        ..it
    }));
}

fn forwards(password: &[char], context: &[&str], penalty: f64, found: &mut Vec<Match>) {
    let mut add = |start: usize, letters: &str, rank: f64| {
        let end = start + letters.chars().count();
        let part = &password[start..end];
        let guesses = rank * penalty * capitalizations(part) * substitutions(part, letters);
        found.push(Match { start, end, guesses });
    };
    for start in 0..password.len() {
        common(&password[start..], |letters, rank| add(start, letters, rank));
        for (index, word) in context.iter().enumerate() {
            if let Some(letters) = spelled(&password[start..], word) {
                add(start, &letters, factor(index + 1));
            }
        }
    }
}

/// Calls `add` with the letters and the rank of each common word that the password begins with.
fn common(password: &[char], mut add: impl FnMut(&str, f64)) {
    let words = Words::get();
    // The beginnings of words that the password's beginning may spell.
    let mut beginnings = vec![(words.all(), String::new())];
    for (length, sign) in password.iter().enumerate() {
        let letters =
            || sign.to_lowercase().filter(char::is_ascii).chain(letters_for(*sign).chars());
        let mut longer = Vec::new();
        for (range, text) in beginnings {
            for letter in letters() {
                let range = words.with_next(&range, length, letter as u8);
                if !range.is_empty() {
                    longer.push((range, format!("{text}{letter}")));
                }
            }
        }
        if longer.is_empty() {
            return;
        }
        for (range, text) in &longer {
            if let Some(rank) = words.rank(range, length + 1) {
                add(text, rank);
            }
        }
        beginnings = longer;
    }
}

/// Returns the letters of `word` if the password begins with it.
fn spelled(password: &[char], word: &str) -> Option<String> {
    let letters: String = word.to_lowercase();
    let mut signs = password.iter();
    let fits = letters.chars().all(|letter| {
        signs
            .next()
            .is_some_and(|sign| is_letter(*sign, letter) || letters_for(*sign).contains(letter))
    });
    (fits && !letters.is_empty()).then_some(letters)
}

/// Returns whether the character is this lower-case letter in either case.
fn is_letter(sign: char, letter: char) -> bool {
    sign.to_lowercase().eq([letter])
}

/// Returns the letters that a sign may stand for.
const fn letters_for(sign: char) -> &'static str {
    match sign {
        '4' | '@' => "a",
        '8' => "b",
        '(' | '{' | '[' | '<' => "c",
        '3' => "e",
        '6' | '9' => "g",
        '1' | '|' => "il",
        '!' => "i",
        '7' => "lt",
        '0' => "o",
        '$' | '5' => "s",
        '+' => "t",
        '%' => "x",
        '2' => "z",
        _ => "",
    }
}

/// Returns how many capitalizations an attacker tries up to this one.
fn capitalizations(part: &[char]) -> f64 {
    let upper = part.iter().filter(|it| it.is_uppercase()).count();
    let lower = part.iter().filter(|it| it.is_lowercase()).count();
    let is_upper = |sign: Option<&char>| sign.is_some_and(|it| it.is_uppercase());
    let is_first_or_last = upper == 1 && (is_upper(part.first()) || is_upper(part.last()));
    match (upper, lower) {
        (0, _) => 1.0,
        (_, 0) => 2.0,
        _ if is_first_or_last => 2.0,
        _ => variations(upper, lower),
    }
}

/// Returns how many substitutions of signs for letters an attacker tries up to this one.
fn substitutions(part: &[char], letters: &str) -> f64 {
    let mut pairs: Vec<(char, char)> = part.iter().copied().zip(letters.chars()).collect();
    pairs.retain(|(sign, letter)| !is_letter(*sign, *letter));
    pairs.sort_unstable();
    pairs.dedup();
    let tried = |(sign, letter): (char, char)| {
        let substituted = part.iter().filter(|it| **it == sign).count();
        let plain = part.iter().filter(|it| is_letter(**it, letter)).count();
        if plain == 0 { 2.0 } else { variations(substituted, plain) }
    };
    pairs.into_iter().map(tried).product()
}

/// Returns in how many ways up to the smaller of two counts can be chosen from both together.
pub fn variations(changed: usize, plain: usize) -> f64 {
    (1..=changed.min(plain)).map(|it| combinations(changed + plain, it)).sum()
}

/// Returns in how many ways `chosen` can be chosen from `all`.
pub fn combinations(all: usize, chosen: usize) -> f64 {
    (1..=chosen).fold(1.0, |ways, it| ways * factor(all + 1 - it) / factor(it))
}
