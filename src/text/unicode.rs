//! The server's Unicode functions.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, VariationSelector};
use icu_properties::{CodePointMapData, CodePointSetData};
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// Returns the text in Normalization Form C (Unicode Standard Annex 15).
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Returns the text in Normalization Form C, with each run of spaces replaced by one space.
#[must_use]
pub fn single_spaced(text: &str) -> Cow<'_, str> {
    let is_space = |it: char| CharClass::of(it) == CharClass::Space;
    let composed = nfc(text);
    let mut runs = composed.chars().zip(composed.chars().skip(1));
    if !runs.any(|(one, other)| is_space(one) && is_space(other)) {
        return composed;
    }
    let mut single = String::with_capacity(composed.len());
    for c in composed.chars() {
        if !is_space(c) {
            single.push(c);
        } else if !single.ends_with(' ') {
            single.push(' ');
        }
    }
    single.into()
}

/// Returns the text with an apostrophe before every part that [is a formula](is_formula). A part also starts
/// after every character at which a spreadsheet may end a cell.
#[must_use]
pub fn without_formulas(text: &str) -> String {
    let ends_cell = |it: char| matches!(it, ',' | ';' | '|' | '"' | '\t' | '\r' | '\n');
    let guard = |it: &str| if is_formula(it) { format!("'{it}") } else { it.to_owned() };
    text.split_inclusive(ends_cell).map(guard).collect()
}

/// Returns whether a spreadsheet may read the text as a formula. It also accepts fullwidth signs, and signs
/// after invisible characters (OWASP, "CSV Injection").
#[must_use]
fn is_formula(text: &str) -> bool {
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let first =
        plain.chars().find(|it| matches!(CharClass::of(*it), CharClass::Base | CharClass::Mark));
    text.starts_with(char::is_control) || matches!(first, Some('=' | '+' | '-' | '@' | '\u{2212}'))
}

/// Returns the host in ASCII, by the rules that browsers follow (Unicode Technical Standard 46). It may hold
/// only letters, marks and digits (RFC 5892). Returns `None` for a host that can't be a domain. An ASCII host
/// without encoded labels stays unchanged.
#[must_use]
pub fn ascii_host(host: &str) -> Option<Cow<'_, str>> {
    if host.is_ascii() && !host.to_ascii_lowercase().contains("xn--") {
        return Some(host.into());
    }
    if !host.chars().all(is_of_host) {
        return None;
    }
    let (rules, hyphens) = (AsciiDenyList::STD3, Hyphens::Check);
    Uts46::new().to_ascii(host.as_bytes(), rules, hyphens, DnsLength::Verify).ok()
}

/// Returns whether a host may hold a character: letters, marks, digits, joiners and all kinds of full stops.
fn is_of_host(c: char) -> bool {
    match CodePointMapData::<GeneralCategory>::new().get(c) {
        GeneralCategory::UppercaseLetter
        | GeneralCategory::LowercaseLetter
        | GeneralCategory::TitlecaseLetter
        | GeneralCategory::ModifierLetter
        | GeneralCategory::OtherLetter
        | GeneralCategory::DecimalNumber
        | GeneralCategory::NonspacingMark
        | GeneralCategory::SpacingMark => CharClass::of(c) != CharClass::Refused,
        _ => matches!(
            c,
            '-' | '.' | '_' | '\u{200C}' | '\u{200D}' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}'
        ),
    }
}

/// The role of a character in a line of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CharClass {
    /// A visible letter, digit or sign.
    Base,
    /// A character drawn on the one before it.
    Mark,
    Space,
    /// Invisible itself, but shapes its neighbours, in Persian, in Hindi and in emoji.
    Shaper,
    /// An invisible character, or a mark that changes how the text around it is shown.
    Refused,
}

impl CharClass {
    fn of(c: char) -> Self {
        match c {
            '\u{200C}' | '\u{200D}' => return Self::Shaper,
            // The blank braille pattern, the ideographic half fill space, the null notehead, two blank
            // hieroglyphs and the object replacement character.
            '\u{2800}' | '\u{303F}' | '\u{1D159}' | '\u{13441}' | '\u{13442}' | '\u{FFFC}' => {
                return Self::Refused;
            }
            _ if CodePointSetData::new::<VariationSelector>().contains(c) => return Self::Shaper,
            _ if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) => {
                return Self::Refused;
            }
            _ => {}
        }
        match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::SpaceSeparator => Self::Space,
            GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark => Self::Mark,
            // Private-use and unassigned characters look different on every device.
            GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::Surrogate
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned => Self::Refused,
            _ => Self::Base,
        }
    }
}

/// The most marks on one letter. More would overlap the lines around it.
const MAX_MARKS: usize = 6;

/// Returns whether every character in a line is visible and none changes how the text around it is shown
/// (Unicode Technical Report 36, section 2.5; RFC 8264, section 9). An empty line is legible.
#[must_use]
pub fn is_legible(text: &str) -> bool {
    let mut before = CharClass::Space;
    let (mut marks, mut is_ascii, mut has_base) = (0, true, text.is_empty());
    for c in text.chars() {
        let part = CharClass::of(c);
        let fits = match part {
            CharClass::Base | CharClass::Space => true,
            // Latin letters need no shaper, but a selector turns a digit into an emoji.
            CharClass::Shaper if is_ascii => c == '\u{FE0F}' && before == CharClass::Base,
            CharClass::Mark | CharClass::Shaper => before != CharClass::Space && marks < MAX_MARKS,
            CharClass::Refused => false,
        };
        if !fits {
            return false;
        }
        if matches!(part, CharClass::Base | CharClass::Space) {
            (marks, is_ascii) = (0, c.is_ascii());
            has_base |= part == CharClass::Base;
        } else {
            marks += 1;
        }
        before = part;
    }
    has_base
}

/// Returns whether a character can be shown without changing how the text around it is shown.
#[must_use]
pub fn is_shown(c: char) -> bool {
    CharClass::of(c) != CharClass::Refused
}

/// Returns the part of a text by others that can be shown: legible, in NFC, and of at most `max` Unicode
/// scalar values. Empty if nothing is left.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    let spaced = text.chars().map(|it| if it.is_whitespace() { ' ' } else { it });
    let kept: String = spaced.filter(|it| is_shown(*it)).collect();
    let kept: String = single_spaced(&kept).chars().take(max).collect();
    let kept = super::trim(&kept);
    if is_legible(kept) { kept.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{LineProblem, line, trim_pasted};
    use super::*;

    #[test]
    fn real_names_are_legible() {
        for name in [
            "",
            "Ada Lovelace",
            "Zoë O’Neill-Müller, PhD (she/her)",
            "Nguyễn Thị Minh Khai",
            "محمد بن موسى",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "ന\u{D4D}\u{200D}",
            "山田\u{3000}太郎",
            "葛\u{E0100}城",
            "김철수",
            "שָׁלוֹם",
            "👩🏽\u{200D}🚀 Ada",
            "🏳\u{FE0F}\u{200D}🌈",
            "❤\u{FE0F}\u{200D}🔥",
            "1\u{FE0F}\u{20E3}",
        ] {
            assert!(is_legible(name), "{name:?}");
            assert_eq!(line(name, 80).as_deref(), Ok(&*nfc(name)), "{name:?}");
        }
    }

    /// Characters that are invisible or hide others.
    const REFUSED: &[char] = &[
        '\0',
        '\u{1}',
        '\n',
        '\u{1B}',
        '\u{7F}',
        '\u{85}',
        '\u{9B}',
        '\u{AD}',
        '\u{34F}',
        '\u{600}',
        '\u{61C}',
        '\u{115F}',
        '\u{1160}',
        '\u{17B4}',
        '\u{180E}',
        '\u{200B}',
        '\u{200E}',
        '\u{200F}',
        '\u{2028}',
        '\u{2029}',
        '\u{202A}',
        '\u{202E}',
        '\u{2060}',
        '\u{2064}',
        '\u{2066}',
        '\u{2069}',
        '\u{206F}',
        '\u{2800}',
        '\u{303F}',
        '\u{3164}',
        '\u{E000}',
        '\u{FEFF}',
        '\u{FFA0}',
        '\u{FFF9}',
        '\u{FFFC}',
        '\u{FFFE}',
        '\u{13441}',
        '\u{13442}',
        '\u{1BCA0}',
        '\u{1D159}',
        '\u{1D173}',
        '\u{E0001}',
        '\u{E0041}',
        '\u{E0FFF}',
        '\u{10FFFF}',
    ];

    #[test]
    fn invisible_characters_are_refused_anywhere() {
        for c in REFUSED {
            for text in [format!("{c}"), format!("A{c}da"), format!("Ada {c}"), format!("ä{c}")] {
                assert!(!is_legible(&text), "{text:?}");
            }
            let between = if c.is_whitespace() { " " } else { "" };
            assert_eq!(clean(&format!("A{c}da"), 80), format!("A{between}da"), "{c:?}");
            assert_eq!(clean(&format!("{c}{c}"), 80), "", "{c:?}");
        }
        for text in [" ", "\u{A0}\u{3000}", "\u{200D}", "\u{FE0F}", "A\u{200D}da", "Ada\u{FE0E}"] {
            assert!(!is_legible(text), "{text:?}");
        }
        for text in
            ["\u{301}", "Ada \u{301}", "ä\u{200D}\u{200D}\u{200D}\u{200D}\u{200D}\u{200D}\u{200D}"]
        {
            assert!(!is_legible(text), "{text:?}");
        }
        assert!(!is_legible(&format!("Z{}", "\u{334}".repeat(7))));
    }

    #[test]
    fn a_line_is_trimmed_and_composed() {
        assert_eq!(line("\u{3000}Zoe\u{308}\r\n", 3).as_deref(), Ok("Zoë"));
        assert_eq!(line("abcd", 3), Err(LineProblem::TooLong));
        assert_eq!(line("Ada\u{2028}", 80), Err(LineProblem::Illegible));
    }

    #[test]
    fn consecutive_spaces_become_one() {
        for (text, single) in [
            ("Ada  Lovelace", "Ada Lovelace"),
            ("Ada\u{A0}\u{3000} Lovelace", "Ada Lovelace"),
            ("  Ada \u{A0}", "Ada"),
            ("Ada\u{A0}Lovelace", "Ada\u{A0}Lovelace"),
        ] {
            assert_eq!(line(text, 80).as_deref(), Ok(single), "{text:?}");
            assert_eq!(clean(text, 80).replace('\u{A0}', " "), single.replace('\u{A0}', " "));
        }
    }

    #[test]
    fn formulas_in_a_cell_are_escaped() {
        for (text, guarded) in [
            ("=1+1", "'=1+1"),
            ("\u{FF1D}1+1", "'\u{FF1D}1+1"),
            (" \u{200B}@SUM(A1)", "' \u{200B}@SUM(A1)"),
            ("why;=cmd|/C calc!A0", "why;'=cmd|/C calc!A0"),
            ("why,+1", "why,'+1"),
            ("why|\u{2212}1", "why|'\u{2212}1"),
            ("why;\"=1", "why;\"'=1"),
            ("why; =1;=2", "why;' =1;'=2"),
            ("a\t=1\r\n-2", "a\t'=1\r'\n'-2"),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)",
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)",
            ),
            ("a+b=c@example.com", "a+b=c@example.com"),
            ("", ""),
        ] {
            assert_eq!(without_formulas(text), guarded, "{text:?}");
        }
    }

    #[test]
    fn a_domain_is_converted_as_browsers_convert_it() {
        for (host, ascii) in [
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("BÜCHER.example", Some("xn--bcher-kva.example")),
            ("例え。テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("ｅxample.com", Some("example.com")),
            ("faß.example", Some("xn--fa-hia.example")),
            ("Ada_B.example", Some("Ada_B.example")),
            ("ü_b.example", None),
            ("-ü.example", None),
            ("\u{301}a.example", None),
            ("ü..example", None),
            ("example.com”", None),
            ("example.com»", None),
            ("example.com©", None),
            ("example.com™", None),
            ("example.com\u{2800}", None),
            ("example.com\u{13441}", None),
            ("xn--a.com", None),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
        ] {
            assert_eq!(ascii_host(host).as_deref(), ascii, "{host}");
        }
    }

    proptest! {
        #[test]
        fn cleaned_text_is_legible_and_a_valid_line(text in any::<String>(), max in 0_usize..90) {
            let clean = clean(&text, max);
            prop_assert!(is_legible(&clean));
            prop_assert_eq!(line(&clean, max.max(1)), Ok(clean));
        }

        #[test]
        fn parsing_a_line_is_idempotent(text in "\\PC{0,20}") {
            if let Ok(once) = line(&text, 80) {
                prop_assert_eq!(line(&once, 80), Ok(once));
            }
        }

        #[test]
        fn converting_a_host_never_panics_and_gives_ascii(text in any::<String>()) {
            if let Some(host) = ascii_host(&text) {
                prop_assert!(host.is_ascii());
            }
            prop_assert_eq!(trim_pasted(trim_pasted(&text)), trim_pasted(&text));
        }
    }
}
