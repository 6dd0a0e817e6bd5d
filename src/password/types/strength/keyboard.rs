//! Runs over neighbouring keys, such as `qwerty` or `1qaz2wsx`.

use super::dictionary::{combinations, variations};
use super::search::{Match, power};

/// The rows of the US keyboard from the top, without and with Shift. Each row is half a key to the right of
/// the row above it.
const ROWS: [(&str, &str); 4] = [
    ("`1234567890-=", "~!@#$%^&*()_+"),
    (" qwertyuiop[]\\", " QWERTYUIOP{}|"),
    (" asdfghjkl;'", " ASDFGHJKL:\""),
    (" zxcvbnm,./", " ZXCVBNM<>?"),
];
const KEYS: f64 = 47.0;
/// How many neighbours a key has on average.
const NEIGHBOURS: f64 = 432.0 / 94.0;

/// A character's key.
#[derive(Clone, Copy)]
struct Key {
    row: isize,
    column: isize,
    is_shifted: bool,
}

impl Key {
    fn of(sign: char) -> Option<Self> {
        if sign == ' ' {
            return None;
        }
        (0..).zip(ROWS).find_map(|(row, (plain, shifted))| {
            let column =
                |keys: &str| (0..).zip(keys.chars()).find(|it| it.1 == sign).map(|it| it.0);
            let plain = column(plain).map(|column| Self { row, column, is_shifted: false });
            plain.or_else(|| column(shifted).map(|column| Self { row, column, is_shifted: true }))
        })
    }

    /// Returns the direction to a neighbouring key.
    fn direction(self, next: Self) -> Option<(isize, isize)> {
        let by = (next.row - self.row, next.column - self.column);
        matches!(by, (0, -1 | 1) | (-1, 0 | 1) | (1, -1 | 0)).then_some(by)
    }
}

/// Finds runs of at least three keys.
pub fn matches(password: &[char], found: &mut Vec<Match>) {
    let keys: Vec<_> = password.iter().map(|it| Key::of(*it)).collect();
    let direction = |at: usize| keys.get(at - 1)?.as_ref()?.direction((*keys.get(at)?)?);
    let mut start = 0;
    while start + 1 < keys.len() {
        let (mut end, mut turns, mut last) = (start + 1, 0, None);
        while let Some(next) = direction(end) {
            turns += usize::from(last != Some(next));
            last = Some(next);
            end += 1;
        }
        let run = &keys[start..end];
        if run.len() > 2 {
            let shifted = run.iter().flatten().filter(|it| it.is_shifted).count();
            let shifts = match (shifted, run.len() - shifted) {
                (0, _) => 1.0,
                (_, 0) => 2.0,
                (shifted, plain) => variations(shifted, plain),
            };
            found.push(Match { start, end, guesses: runs(run.len(), turns) * shifts });
        }
        start = end;
    }
}

/// Returns how many runs there are of up to this length with up to this number of turns.
fn runs(length: usize, turns: usize) -> f64 {
    let of_length = |length: usize| -> f64 {
        let of_turns =
            |turns: usize| combinations(length - 1, turns - 1) * KEYS * power(NEIGHBOURS, turns);
        (1..=turns.min(length - 1)).map(of_turns).sum()
    };
    (2..=length).map(of_length).sum()
}

#[cfg(test)]
mod tests {
    use super::super::search::factor;
    use super::*;

    #[test]
    fn the_average_number_of_neighbours_matches_the_rows() {
        let signs = || ROWS.iter().flat_map(|(plain, _)| plain.chars()).filter_map(Key::of);
        let neighbours: usize =
            signs().map(|key| signs().filter(|it| key.direction(*it).is_some()).count()).sum();
        assert_eq!((factor(signs().count()), factor(neighbours * 2) / 94.0), (KEYS, NEIGHBOURS));
    }
}
