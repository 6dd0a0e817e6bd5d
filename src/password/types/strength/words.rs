//! The words and passwords that attackers try first, with their ranks.
//!
//! `words.txt` merges the frequency lists of zxcvbn (copyright 2012–2016 Dan Wheeler and Dropbox, Inc., MIT
//! licence): common passwords, words of Wikipedia and of film subtitles, and names of the United States
//! census.

use std::ops::Range;
use std::sync::LazyLock;

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::unpack(include_str!("words.txt")));

/// All words in byte order.
pub struct Words {
    /// The words without separators.
    text: Vec<u8>,
    /// The end of each word in `text`.
    ends: Vec<usize>,
    /// The binary logarithm of each word's rank as a letter, `a` for 0.
    ranks: &'static [u8],
}

impl Words {
    /// Returns the words. The first call unpacks them.
    pub fn get() -> &'static Self {
        &WORDS
    }

    /// Unpacks two lines. In the first, each word is a capital letter for the number of bytes it shares with
    /// the word before (`A` for none), and the remaining bytes. The second is `ranks`.
    fn unpack(packed: &'static str) -> Self {
        let (words, ranks) = packed.split_once('\n').unwrap_or_default();
        let mut text: Vec<u8> = Vec::with_capacity(words.len() * 2);
        let mut ends = Vec::with_capacity(ranks.len());
        let mut start = 0;
        for byte in words.bytes() {
            if byte.is_ascii_uppercase() {
                let before = start;
                start = text.len();
                if before < start {
                    ends.push(start);
                }
                text.extend_from_within(before..before + usize::from(byte - b'A'));
            } else {
                text.push(byte);
            }
        }
        ends.push(text.len());
        Self { text, ends, ranks: ranks.trim_end().as_bytes() }
    }

    /// Returns the indexes of all words.
    pub fn all(&self) -> Range<usize> {
        0..self.ends.len()
    }

    fn word(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }

    /// Returns those of `words` whose byte at `length` is `next`. All `words` share their first `length`
    /// bytes.
    pub fn with_next(&self, words: &Range<usize>, length: usize, next: u8) -> Range<usize> {
        let first = |at_least: u8| {
            let (mut low, mut high) = (words.start, words.end);
            while low < high {
                let middle = low.midpoint(high);
                if self.word(middle).get(length).copied() < Some(at_least) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            low
        };
        first(next)..first(next + 1)
    }

    /// Returns the rank of the word that consists of the `length` bytes that all `words` share, if it is one
    /// of them. The rank is accurate to a factor of 1.5.
    pub fn rank(&self, words: &Range<usize>, length: usize) -> Option<f64> {
        // The shortest of words with a common beginning comes first.
        let is_word = !words.is_empty() && self.word(words.start).len() == length;
        let letter = is_word.then(|| self.ranks[words.start])?;
        Some(match letter - b'a' {
            0 => 1.0,
            logarithm => 1.5 * f64::from(1_u32 << logarithm),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_words_are_in_order_and_have_a_rank() {
        let words = Words::get();
        assert_eq!(words.all(), 0..93_855);
        assert_eq!(words.ranks.len(), words.ends.len());
        for (index, letter) in words.ranks.iter().enumerate() {
            let word = words.word(index);
            assert!(
                word.iter().all(|it| it.is_ascii_graphic() && !it.is_ascii_uppercase()),
                "{word:?}"
            );
            assert!((b'a'..=b'p').contains(letter), "{word:?}");
            assert!(index == 0 || words.word(index - 1) < word, "{word:?}");
        }
    }
}
