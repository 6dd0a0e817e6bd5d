//! The cheapest way to explain a password by patterns: the method of Wheeler, "zxcvbn: Low-Budget Password
//! Strength Estimation" (USENIX Security 2016), section 4.

use super::patterns;

/// A part of the password, from `start` up to but not including `end`, that one pattern explains.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    pub start: usize,
    pub end: usize,
    /// The guesses that find this part alone.
    pub guesses: f64,
}

/// The guesses for one character that no pattern explains.
const CARDINALITY: f64 = 10.0;
/// The guesses that an attacker spends on shorter sequences of patterns, for each further part.
const GUESSES_BEFORE_GROWING: f64 = 10_000.0;

/// Returns the fewest guesses that explain the whole password. `context` holds words that an attacker knows
/// about its owner.
pub fn guesses(password: &[char], context: &[&str]) -> f64 {
    let mut matches = patterns::all(password, context);
    // An attacker must also find where a part begins and ends.
    for it in &mut matches {
        if it.end - it.start < password.len() {
            it.guesses = it.guesses.max(least(it.end - it.start));
        }
    }
    Search::new(password.len()).run(&matches)
}

const fn least(length: usize) -> f64 {
    if length == 1 { 10.0 } else { 50.0 }
}

/// Returns a length or a count as a factor.
pub fn factor(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Returns the power of a number.
pub fn power(base: f64, exponent: usize) -> f64 {
    base.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

/// The best sequences of parts found so far, as `[end][number of parts]`.
struct Search {
    length: usize,
    best: Vec<Vec<Option<Sequence>>>,
}

/// Parts that explain the beginning of the password without a gap.
#[derive(Clone, Copy)]
struct Sequence {
    /// The product of the parts' guesses.
    product: f64,
    /// The guesses for the whole sequence.
    total: f64,
    ends_with_brute_force: bool,
}

impl Search {
    fn new(length: usize) -> Self {
        Self { length, best: vec![vec![None; length + 2]; length + 1] }
    }

    fn run(mut self, matches: &[Match]) -> f64 {
        if self.length == 0 {
            return 1.0;
        }
        for end in 1..=self.length {
            for it in matches.iter().filter(|it| it.end == end) {
                self.append(*it, false);
            }
            for start in 0..end {
                let length = end - start;
                // One guess more than a pattern of that length, so that a pattern is preferred.
                let guesses = power(CARDINALITY, length).max(least(length) + 1.0);
                self.append(Match { start, end, guesses }, true);
            }
        }
        let totals = self.best[self.length].iter().flatten().map(|it| it.total);
        totals.fold(f64::INFINITY, f64::min)
    }

    /// Appends a part to all sequences that end where it starts.
    fn append(&mut self, part: Match, is_brute_force: bool) {
        if part.start == 0 {
            self.offer(part.end, 1, part.guesses, is_brute_force);
            return;
        }
        for parts in 1..=part.start {
            // Two brute-force parts in a row are one longer part.
            let before = self.best[part.start][parts]
                .filter(|it| !(is_brute_force && it.ends_with_brute_force));
            if let Some(before) = before {
                self.offer(part.end, parts + 1, before.product * part.guesses, is_brute_force);
            }
        }
    }

    /// Keeps a sequence unless one with as many parts or fewer costs no more.
    fn offer(&mut self, end: usize, parts: usize, product: f64, ends_with_brute_force: bool) {
        let orders: f64 = (1..=parts).map(factor).product();
        let total = orders * product + power(GUESSES_BEFORE_GROWING, parts - 1);
        let is_beaten = self.best[end][..=parts].iter().flatten().any(|it| it.total <= total);
        if !is_beaten {
            self.best[end][parts] = Some(Sequence { product, total, ends_with_brute_force });
        }
    }
}
