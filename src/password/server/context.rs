//! Detects passwords made of well-known words about their owner or site.

/// Shorter words occur in too many others.
const MIN_WORD_LENGTH: usize = 3;

/// Fewer other letters than this add nothing to the known words.
const OWN_LETTERS: usize = 4;

/// Returns whether a password is only words of the context, once or repeated, with digits and symbols:
/// `portcullis2026!!!!!!!` on a site called Portcullis. A password that merely contains such a word is
/// accepted (NIST SP 800-63B-4, section 3.1.1.2: the whole password is compared, not its parts).
#[must_use]
pub fn is_made_of(password: &str, context: &[&str]) -> bool {
    let mut words: Vec<String> = context
        .iter()
        .flat_map(|it| it.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .filter(|it| it.chars().count() >= MIN_WORD_LENGTH)
        .collect();
    // Longest first: a shorter word may be the beginning of a longer one.
    words.sort_by_key(|it| std::cmp::Reverse(it.len()));
    let mut rest = password.to_lowercase();
    let mut has_word = false;
    for word in &words {
        has_word |= rest.contains(word.as_str());
        rest = rest.replace(word.as_str(), " ");
    }
    let mut letters: Vec<char> = rest.chars().filter(|it| it.is_alphabetic()).collect();
    letters.dedup();
    has_word && letters.len() < OWN_LETTERS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONTEXT: [&str; 3] = ["Portcullis", "ada.lovelace@example.com", "Ada Lovelace"];

    #[test]
    fn v5_0_0__6_2_11__passwords_made_of_context_words_are_refused() {
        for bad in [
            "portcullis2026!!!!!!!",
            "PortcullisPortcullis",
            "ada.lovelace.ada.lovelace",
            "lovelace-lovelace-1815",
            "ada@example.com ada@example.com",
            "example example example",
            "Lovelace aaaaaaaaaa",
        ] {
            assert!(is_made_of(bad, &CONTEXT), "{bad}");
        }
        for good in [
            "ada loves horses and trains",
            "correct horse battery staple",
            "a portcullis of my own making",
            "123456789012345",
        ] {
            assert!(!is_made_of(good, &CONTEXT), "{good}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(password in "\\PC{0,40}", context in "\\PC{0,40}") {
            let _ = is_made_of(&password, &[&context]);
        }

        #[test]
        fn without_context_words_no_password_is_refused(password in "[ -~]{0,40}") {
            prop_assert!(!is_made_of(&password, &[]));
            prop_assert!(!is_made_of(&password, &["a", "b@c"]));
        }
    }
}
