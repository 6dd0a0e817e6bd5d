//! The rules for text that users type and others read.
//!
//! The server decides by the Unicode tables. The browser has no such tables and accepts text that it can't
//! judge.

#[path = "browser.rs"]
#[cfg(not(feature = "ssr"))]
mod unicode;
#[cfg(feature = "ssr")]
pub mod unicode;

mod time;

pub use time::{rfc3339, utc};
use unicode::single_spaced;
pub use unicode::{ascii_host, is_legible, nfc};

/// The reason a line was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineProblem {
    TooLong,
    Illegible,
}

/// Parses one line that others will see: trimmed, in NFC, without spaces in a row, legible, and of at most
/// `max` Unicode scalar values.
pub fn line(text: &str, max: usize) -> Result<String, LineProblem> {
    let text = single_spaced(trim(text));
    if text.chars().count() > max {
        return Err(LineProblem::TooLong);
    }
    if !is_legible(&text) {
        return Err(LineProblem::Illegible);
    }
    Ok(text.into_owned())
}

/// Removes spaces and line ends around a text.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() && !matches!(c, '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    })
}

/// Removes everything that copying leaves around a word.
#[must_use]
pub fn trim_pasted(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Returns whether copying leaves this character around a word: a space, a line end, a byte order mark, a
/// soft hyphen, a placeholder for a picture, or a direction mark as contact lists add them.
#[must_use]
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{FFFC}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Reasons to refuse a text as six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitsProblem {
    Missing,
    Malformed,
}

/// Reads six digits as users type and paste them: with spaces around and between, and in the full width of East
/// Asian keyboards.
pub fn six_digits(text: &str) -> Result<String, DigitsProblem> {
    let narrow = |c: char| match c {
        '\u{FF10}'..='\u{FF19}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    let digits: String = text.chars().filter(|it| !is_blank(*it)).map(narrow).collect();
    match digits.as_bytes() {
        [] => Err(DigitsProblem::Missing),
        it if it.len() == 6 && it.iter().all(u8::is_ascii_digit) => Ok(digits),
        _ => Err(DigitsProblem::Malformed),
    }
}

/// Removes the byte order mark that some editors and shells write before a text.
#[must_use]
pub fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}
