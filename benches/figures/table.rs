//! The table of figures that is printed.

use std::fmt;

/// Rows of figure, value, wanted and met, each with a note on the measurement.
#[derive(Default)]
pub struct Table(Vec<Row>);

struct Row {
    figure: String,
    value: f64,
    wanted: f64,
    at_least: bool,
    note: String,
}

impl Table {
    pub fn at_least(&mut self, figure: &str, value: f64, wanted: f64) {
        self.add(figure, value, wanted, true);
    }

    pub fn at_most(&mut self, figure: &str, value: f64, wanted: f64) {
        self.add(figure, value, wanted, false);
    }

    fn add(&mut self, figure: &str, value: f64, wanted: f64, at_least: bool) {
        let (figure, note) = (figure.to_owned(), String::new());
        self.0.push(Row { figure, value, wanted, at_least, note });
    }

    /// Sets the note of the last row.
    pub fn note(&mut self, text: &str) {
        if let Some(row) = self.0.last_mut() {
            text.clone_into(&mut row.note);
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {:<40} | {:>9} | {:>12} | {:<3} |", "figure", "value", "wanted", "met")?;
        writeln!(f, "| {:-<40} | {:->8}: | {:->11}: | {:-<3} |", "", "", "", "")?;
        for row in &self.0 {
            let is_met =
                if row.at_least { row.value >= row.wanted } else { row.value <= row.wanted };
            let sign = if row.at_least { '≥' } else { '≤' };
            let wanted = format!("{sign} {}", number(row.wanted));
            let (value, met) = (number(row.value), if is_met { "yes" } else { "no" });
            writeln!(f, "| {:<40} | {value:>9} | {wanted:>12} | {met:<3} |", row.figure)?;
        }
        writeln!(f)?;
        for row in self.0.iter().filter(|row| !row.note.is_empty()) {
            writeln!(f, "{}: {}", row.figure, row.note)?;
        }
        Ok(())
    }
}

/// Formats a number with its meaningful digits.
fn number(value: f64) -> String {
    match value {
        it if it < 10.0 => format!("{it:.3}"),
        it if it < 1000.0 => format!("{it:.1}"),
        it => format!("{it:.0}"),
    }
}

pub fn list(values: &[f64], digits: usize) -> String {
    let values: Vec<_> = values.iter().map(|it| format!("{it:.digits$}")).collect();
    values.join(" ")
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
