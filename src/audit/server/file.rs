//! The audit log as a file.

use clap::ValueEnum;

use super::search::Event;
use crate::server::Error;

/// The format of the file.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    /// One JSON object per line.
    #[default]
    Jsonl,
    Csv,
}

/// Writes events in one of the formats. The first write of a CSV includes the header.
#[derive(Debug)]
pub struct Writer {
    format: Format,
    has_header: bool,
}

impl Writer {
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format, has_header: false }
    }

    pub fn write(&mut self, events: &[Event]) -> Result<Vec<u8>, Error> {
        match self.format {
            Format::Jsonl => {
                let mut text = Vec::new();
                for event in events {
                    serde_json::to_writer(&mut text, event)?;
                    text.push(b'\n');
                }
                Ok(text)
            }
            Format::Csv => {
                let mut text = Vec::new();
                let mut csv =
                    csv::WriterBuilder::new().has_headers(!self.has_header).from_writer(&mut text);
                self.has_header = true;
                for event in events {
                    csv.serialize(event.escaped_for_csv())?;
                }
                csv.flush().map_err(csv::Error::from)?;
                drop(csv);
                Ok(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        Event {
            id: "1".to_owned(),
            at: 1,
            kind: text.to_owned(),
            user_id: Some(text.to_owned()),
            user: Some(text.to_owned()),
            actor: text.to_owned(),
            actor_name: Some(text.to_owned()),
            about: text.to_owned(),
            address: text.to_owned(),
            browser: text.to_owned(),
            position: None,
            digest: Some(text.to_owned()),
        }
    }

    #[test]
    fn v5_0_0__1_2_10__no_cell_of_a_csv_is_a_formula() {
        let count = |text: &str| {
            let written = Writer::new(Format::Csv).write(&[event(text)]).unwrap();
            let mut csv = csv::Reader::from_reader(&*written);
            let row = csv.records().next().unwrap().unwrap();
            row.iter().filter(|it| it.starts_with('\'')).count()
        };
        for sign in ["=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}", "\u{2212}"]
        {
            for before in ["", " ", "\u{A0}", "\u{3000}", "\u{FEFF}", "\u{200B}", "\u{200D}", "\t"]
            {
                assert_eq!(count(&format!("{before}{sign}1+1")), 9, "{before:?}{sign}");
            }
        }
        for text in ["\t1", "\r1", "\n1"] {
            assert_eq!(count(text), 9, "{text:?}");
        }
        // A spreadsheet may split cells at other characters than we do.
        for sign in [";", ",", "|", "\t", "\"", "\n", ";\"", "; "] {
            let text = format!("why{sign}=cmd|/C calc!A0");
            let written = Writer::new(Format::Csv).write(&[event(&text)]).unwrap();
            let written = String::from_utf8(written).unwrap();
            assert_eq!(written.matches("'=cmd").count() + written.matches("' =cmd").count(), 9);
            assert_eq!(written.matches("=cmd").count(), 9, "{written}");
        }
        for text in
            ["", "ada@example.com", "192.0.2.1", "2001:db8::1", "1 to 5", "é=", "Mozilla/5.0"]
        {
            assert_eq!(count(text), 0, "{text:?}");
        }
    }
}
