//! The output of commands: text for users, or JSON for programs.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::server::Error;
use crate::server::config::ConfigError;
use crate::text::unicode::is_shown;

/// The output of a command.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// Whether to print JSON for programs.
    pub json: bool,
}

impl Out {
    /// Prints one value: as JSON, or as the text that `text` returns for it.
    pub fn value<T: Serialize>(self, it: &T, text: impl FnOnce(&T) -> String) -> Result<(), Error> {
        if self.json {
            return json(it);
        }
        let text = text(it);
        let lines: Vec<_> = text.split('\n').map(sanitize).collect();
        print(&lines.join("\n"))
    }

    /// Prints a list: as a JSON array, or as a table with these heads.
    pub fn list<T: Serialize, const N: usize>(
        self,
        rows: &[T],
        heads: [&str; N],
        cells: impl Fn(&T) -> [String; N],
    ) -> Result<(), Error> {
        if self.json {
            return json(&rows);
        }
        let mut lines = vec![heads.map(str::to_owned)];
        lines.extend(rows.iter().map(cells));
        print(&table(&lines))
    }

    /// Prints that something was done. The JSON is `{"done": true}` with the same sentence.
    pub fn done(self, sentence: &str) -> Result<(), Error> {
        let value = serde_json::json!({ "done": true, "message": sentence });
        self.value(&value, |_| format!("{sentence}\n"))
    }

    /// Returns a progress bar on standard error, hidden for JSON or without a terminal.
    #[must_use]
    pub fn progress(self, what: &'static str) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos} of {len}, {eta} left");
        let bar = ProgressBar::new(0).with_message(what);
        // The template is constant and valid.
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    }
}

fn json(it: &impl Serialize) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(it)?;
    text.push('\n');
    print(&text)
}

/// Formats columns as wide as their widest cell, with two spaces between them.
fn table<const N: usize>(lines: &[[String; N]]) -> String {
    let width = |n: usize| lines.iter().map(|it| it[n].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..N).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let gap = width - cell.chars().count() + 2;
            row.push_str(&sanitize(cell));
            row.extend(std::iter::repeat_n(' ', gap));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Replaces characters that control a terminal, end the line or change the text's direction.
#[must_use]
pub fn sanitize(text: &str) -> String {
    text.chars().map(|it| if is_shown(it) { it } else { '�' }).collect()
}

/// Formats a path for a line of output.
#[must_use]
pub fn display_path(path: &Path) -> String {
    sanitize(&path.display().to_string())
}

/// Writes text to standard output. A closed pipe is not an error.
pub fn print(text: &str) -> Result<(), Error> {
    write(text.as_bytes()).map(drop)
}

/// Writes bytes to standard output; returns false if the reader closed the pipe.
pub fn write(bytes: &[u8]) -> Result<bool, Error> {
    let mut out = std::io::stdout().lock();
    // Flushed here: output that is left for the end of the process can be lost silently.
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(ConfigError(format!("standard output can't be written: {error}")).into()),
    }
}

/// Formats a time for a table, or a hyphen if there is none.
#[must_use]
pub fn utc_or_dash(at: Option<i64>) -> String {
    at.map_or_else(|| "-".to_owned(), crate::text::utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_their_content_and_hide_control_characters() {
        let lines = [["a", "bb"], ["ccc", "d\x1b[31m"]].map(|it| it.map(str::to_owned));
        assert_eq!(table(&lines), "a    bb\nccc  d�[31m\n");
        let lines = [["\u{202e}Ada", "x"]].map(|it| it.map(str::to_owned));
        assert_eq!(table(&lines), "�Ada  x\n");
    }
}
