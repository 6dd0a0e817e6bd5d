//! Text chosen by a stranger, as mails show it.

use serde::Serialize;

use crate::text::unicode::clean;
use crate::user::Email;

/// Text chosen by a stranger, as mails show it: one short line, in quotation marks that it can't close,
/// without anything that a mail program would turn into a link (decisions/0042).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UntrustedText(String);

/// The most characters shown.
const MAX_CHARS: usize = 60;

/// Quotation marks, and characters that look like them.
const QUOTES: &[char] = &[
    '"', '\u{ab}', '\u{bb}', '\u{2ba}', '\u{2dd}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}',
    '\u{2033}', '\u{2036}', '\u{2039}', '\u{203a}', '\u{275d}', '\u{275e}', '\u{300c}', '\u{300d}',
    '\u{301d}', '\u{301e}', '\u{301f}', '\u{ff02}',
];

/// Characters after which a link may continue: no letter follows them directly. Programs that look for links
/// accept the dots of other scripts too.
const JOINTS: &[char] = &[
    '.', ':', '/', '\\', '@', '\u{2024}', '\u{2044}', '\u{2215}', '\u{3002}', '\u{ff0e}',
    '\u{ff0f}', '\u{ff1a}', '\u{ff20}', '\u{ff61}',
];

impl UntrustedText {
    #[must_use]
    pub fn new(text: &str) -> Self {
        // One more than is shown, to see whether there is more.
        let legible = clean(text, MAX_CHARS + 1);
        let words = legible.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return Self("without a readable name".to_owned());
        }
        match words.parse::<Email>() {
            Ok(email) if is_plain(&email) => Self(format!("\"{email}\"")),
            _ => Self(format!("\"{}\"", without_links(&words))),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether an email address can be shown unchanged: it can't be read as anything else.
fn is_plain(email: &Email) -> bool {
    let text = email.as_str();
    let is_quiet = |it: char| it.is_ascii_alphanumeric() || "._+-@".contains(it);
    text.len() <= MAX_CHARS
        && text.chars().all(is_quiet)
        && !text.to_lowercase().starts_with("www.")
}

fn without_links(words: &str) -> String {
    let mut shown = String::new();
    let mut chars = words.chars().peekable();
    for _ in 0..MAX_CHARS {
        let Some(next) = chars.next() else { break };
        shown.push(if QUOTES.contains(&next) { '\'' } else { next });
        if JOINTS.contains(&next) && chars.peek().is_some_and(|it| !it.is_whitespace()) {
            shown.push(' ');
        }
    }
    if chars.peek().is_some() {
        shown.push('…');
    }
    // Isolate right-to-left text, so that it does not reorder the text around it.
    if shown.chars().any(is_right_to_left) { format!("\u{2068}{shown}\u{2069}") } else { shown }
}

const fn is_right_to_left(it: char) -> bool {
    matches!(it,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["ada", "Ada Lovelace", "ada@example.com", "ada.b+c@mail.example.com", "阿達 é"]
        {
            assert_eq!(UntrustedText::new(name).as_str(), format!("\"{name}\""));
        }
        assert_eq!(UntrustedText::new("ada.lovelace").as_str(), "\"ada. lovelace\"");
        assert_eq!(UntrustedText::new(" \u{200b}\u{3164} ").as_str(), "without a readable name");
        assert_eq!(
            UntrustedText::new("\u{5e2}\u{5d3}").as_str(),
            "\"\u{2068}\u{5e2}\u{5d3}\u{2069}\""
        );
    }

    #[test]
    fn v5_0_0__1_1_2__foreign_text_is_quoted_and_never_a_link() {
        for (text, expected) in [
            (
                "Ada\". Sign in at https://evil.example",
                "\"Ada'. Sign in at https: / / evil. example\"",
            ),
            ("www.evil.example", "\"www. evil. example\""),
            ("www.evil.example/x@y.example", "\"www. evil. example/ x@ y. example\""),
            ("evil\u{3002}example", "\"evil\u{3002} example\""),
            ("two\r\nlines\u{2028}more", "\"two lines more\""),
            ("\u{202e}moc.live", "\"moc. live\""),
        ] {
            assert_eq!(UntrustedText::new(text).as_str(), expected);
        }
        let long = UntrustedText::new(&"x".repeat(254));
        assert_eq!(long.as_str(), format!("\"{}…\"", "x".repeat(MAX_CHARS)));
    }

    proptest! {
        #[test]
        fn v5_0_0__1_1_2__foreign_text_is_short_quoted_and_one_line(
            text in "\\PC{0,80}|[a-z./:@\" \u{200b}\u{2028}\u{3002}]{0,80}"
        ) {
            let shown = UntrustedText::new(&text);
            let inside = shown.as_str().strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            let Some(inside) = inside else {
                prop_assert_eq!(shown.as_str(), "without a readable name");
                return Ok(());
            };
            prop_assert!(inside.chars().count() <= 2 * MAX_CHARS + 3);
            let breaks = ['\n', '\r', '"', '\u{2028}', '\u{200b}'];
            prop_assert!(!inside.contains(breaks), "{}", inside);
            let is_address = inside.parse::<Email>().is_ok();
            let joined = inside.chars().zip(inside.chars().skip(1))
                .any(|(joint, next)| JOINTS.contains(&joint) && !next.is_whitespace() && next != '…' && next != '\u{2069}');
            prop_assert!(is_address || !joined, "{}", inside);
        }
    }
}
