//! The audit log as a file.

use clap::ValueEnum;

use super::search::Event;
use crate::server::Error;

/// How events are written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Jsonl,
    Csv,
}

/// Writes events in one of the formats; the first of a CSV brings its heads.
#[derive(Debug)]
pub struct Writer {
    format: Format,
    has_heads: bool,
}

impl Writer {
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format, has_heads: false }
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
                    csv::WriterBuilder::new().has_headers(!self.has_heads).from_writer(&mut text);
                self.has_heads = true;
                for event in events {
                    csv.serialize(event.guarded())?;
                }
                csv.flush().map_err(csv::Error::from)?;
                drop(csv);
                Ok(text)
            }
        }
    }
}
