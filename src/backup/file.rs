//! A backup file: lines of JSON, compressed with gzip. The first line identifies the file. Each table follows
//! with its columns, its rows, and their number and digest. The last line says that the file is complete.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::row::{Cell, Tally, value_of};
use super::tables::{TABLES, Table};
use super::{BATCH_SIZE, CopiedTable, Sink, Target, copy_rows};
use crate::server::config::ConfigError;
use crate::server::db::schema_version;
use crate::server::db::value::{Column, Value};
use crate::server::files::{self, AtomicFile, FileError};
use crate::server::{App, Error};

/// The version of the file format.
const FORMAT_VERSION: u32 = 1;

/// The longest line, in bytes: many times the size of a row.
const MAX_LINE: u64 = 1 << 24;

/// A line that is not a row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    PortcullisBackup { form: u32, version: String, schema: i64, created_at: i64 },
    Table { name: String, columns: Vec<String> },
    End { name: String, rows: u64, digest: String },
    Complete { tables: usize },
}

/// Writes all rows, as of one moment, into a new file that only this system user may read.
pub async fn write(
    app: &App,
    path: &Path,
    progress: impl Fn(u64),
) -> Result<Vec<CopiedTable>, Error> {
    files::must_not_exist(path)?;
    let mut writer = Writer::new(AtomicFile::private(path)?);
    let copied = fill(app, &mut writer, progress).await?;
    writer.finish()?;
    Ok(copied)
}

async fn fill(
    app: &App,
    writer: &mut Writer,
    progress: impl Fn(u64),
) -> Result<Vec<CopiedTable>, Error> {
    writer.line(&Line::PortcullisBackup {
        form: FORMAT_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema: schema_version(),
        created_at: app.clock.now(),
    })?;
    let mut tx = app.db.snapshot().await?;
    let copied = copy_rows(&mut tx, writer, progress).await?;
    writer.line(&Line::Complete { tables: copied.len() })?;
    Ok(copied)
}

struct Writer(GzEncoder<AtomicFile>);

impl Writer {
    fn new(draft: AtomicFile) -> Self {
        Self(GzEncoder::new(draft, Compression::fast()))
    }

    fn line(&mut self, it: &impl Serialize) -> Result<(), Error> {
        let mut line = serde_json::to_vec(it)?;
        line.push(b'\n');
        let unwritable = self.0.get_ref().error();
        Ok(self.0.write_all(&line).map_err(unwritable)?)
    }

    fn finish(self) -> Result<(), FileError> {
        let unwritable = self.0.get_ref().error();
        self.0.finish().map_err(unwritable)?.create()
    }
}

impl Sink for Writer {
    async fn begin_table(&mut self, table: &'static Table) -> Result<(), Error> {
        let columns = table.columns.iter().map(|it| it.0.to_owned()).collect();
        self.line(&Line::Table { name: table.name.to_owned(), columns })
    }

    async fn write_rows(
        &mut self,
        _: &'static Table,
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Error> {
        rows.iter().try_for_each(|row| self.line(row))
    }

    async fn end_table(&mut self, copied: &CopiedTable) -> Result<(), Error> {
        let CopiedTable { table, rows, digest } = copied.clone();
        self.line(&Line::End { name: table.to_owned(), rows, digest })
    }
}

/// Restores all rows of a file into a database, which must be empty unless it is to be replaced. Nothing is
/// changed unless the file is complete and its rows read back as they were written.
pub async fn read(
    app: &App,
    path: &Path,
    is_replaced: bool,
    progress: impl Fn(u64),
) -> Result<Vec<CopiedTable>, Error> {
    let mut reader = Reader::open(path)?;
    reader.begin()?;
    let mut target = Target::begin(&app.db, is_replaced).await?;
    let mut all = Vec::new();
    loop {
        match reader.next()? {
            Line::Table { name, columns } => {
                let table = reader.expect_table(&name, &columns, all.len())?;
                all.push(restore(&mut reader, &mut target, table, &progress).await?);
            }
            Line::Complete { tables } if tables == TABLES.len() && all.len() == tables => break,
            _ => return Err(reader.damaged("its parts are out of order").into()),
        }
    }
    reader.finish()?;
    target.commit(true, app.clock.now()).await?;
    Ok(all)
}

async fn restore(
    reader: &mut Reader,
    target: &mut Target,
    table: &'static Table,
    progress: &impl Fn(u64),
) -> Result<CopiedTable, Error> {
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(BATCH_SIZE);
    let (rows, digest) = loop {
        match reader.row(table.columns)? {
            Row::Values(row) => {
                tally.add(&row)?;
                reader.rows += 1;
                batch.push(row);
                if batch.len() == BATCH_SIZE {
                    progress(BATCH_SIZE as u64);
                    target.write_rows(table, std::mem::take(&mut batch)).await?;
                }
            }
            Row::End { rows, digest } => break (rows, digest),
        }
    };
    if !batch.is_empty() {
        target.write_rows(table, batch).await?;
    }
    let copied = tally.copied(table.name);
    if (copied.rows, &copied.digest) != (rows, &digest) {
        let what = format!("the rows of {} differ from those that were written", table.name);
        return Err(reader.damaged(&what).into());
    }
    target.end_table(&copied).await?;
    Ok(copied)
}

enum Row {
    Values(Vec<Value<'static>>),
    End { rows: u64, digest: String },
}

struct Reader {
    lines: BufReader<GzDecoder<BufReader<File>>>,
    name: String,
    /// The table being read, and how many of its rows were read.
    table: &'static str,
    rows: u64,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, FileError> {
        let name = path.display().to_string();
        let file = files::open(path)?;
        let lines = BufReader::new(GzDecoder::new(BufReader::new(file)));
        Ok(Self { lines, name, table: "", rows: 0 })
    }

    fn truncated(&self) -> ConfigError {
        let Self { name, table, rows, .. } = self;
        let place = match *table {
            "" => "at its beginning".to_owned(),
            table => format!("in the table {table}, after {rows} rows"),
        };
        ConfigError(format!("{name} is truncated: it ends {place}; nothing was changed"))
    }

    fn damaged(&self, what: &str) -> ConfigError {
        ConfigError(format!("{} is damaged: {what}; nothing was changed", self.name))
    }

    /// Reads at most [`MAX_LINE`] bytes of a line, whatever it decompresses to.
    fn read(&mut self, line: &mut String) -> std::io::Result<usize> {
        (&mut self.lines).take(MAX_LINE).read_line(line)
    }

    fn line(&mut self) -> Result<String, ConfigError> {
        let mut line = String::new();
        match self.read(&mut line) {
            Ok(length) if length > 0 && line.ends_with('\n') => Ok(line),
            Ok(length) if length as u64 == MAX_LINE => Err(self.damaged("a line is too long")),
            Ok(_) => Err(self.truncated()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.truncated()),
            Err(error) => Err(self.damaged(&error.to_string())),
        }
    }

    /// Reads the first line. Fails if the file is not a backup, or is one of another version.
    fn begin(&mut self) -> Result<(), ConfigError> {
        let not_a_backup = ConfigError(format!("{} is not a Portcullis backup", self.name));
        let mut line = String::new();
        match self.read(&mut line) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(self.truncated());
            }
            Err(_) => return Err(not_a_backup),
            Ok(_) => {}
        }
        match serde_json::from_str(&line) {
            Ok(Line::PortcullisBackup { form: FORMAT_VERSION, schema: theirs, .. })
                if theirs == schema_version() =>
            {
                Ok(())
            }
            Ok(Line::PortcullisBackup { version, schema: theirs, .. }) => {
                let age = if theirs < schema_version() { "older" } else { "newer" };
                Err(ConfigError(format!(
                    "{} was created by Portcullis {version}, which is {age} than this one: restore it \
                     with that version, then start the newer one on the result",
                    self.name
                )))
            }
            _ => Err(not_a_backup),
        }
    }

    /// Fails unless a correct checksum follows, and nothing else.
    fn finish(&mut self) -> Result<(), ConfigError> {
        let mut rest = String::new();
        match self.read(&mut rest) {
            Ok(0) if self.is_at_end() => Ok(()),
            Ok(_) => Err(self.damaged("there is data after its end")),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.truncated()),
            Err(error) => Err(self.damaged(&error.to_string())),
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.lines.get_mut().get_mut().fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    fn next(&mut self) -> Result<Line, ConfigError> {
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|error| self.damaged(&error.to_string()))
    }

    /// Returns the next table, which must have this name and these columns.
    fn expect_table(
        &mut self,
        name: &str,
        columns: &[String],
        turn: usize,
    ) -> Result<&'static Table, ConfigError> {
        let table = TABLES.get(turn).filter(|it| {
            it.name == name
                && it.columns.iter().map(|it| it.0).eq(columns.iter().map(String::as_str))
        });
        let table =
            table.ok_or_else(|| self.damaged(&format!("{name:?} is not the expected table")))?;
        (self.table, self.rows) = (table.name, 0);
        Ok(table)
    }

    /// Reads the next row, or the end of the table.
    fn row(&mut self, columns: &[Column]) -> Result<Row, ConfigError> {
        let line = self.line()?;
        if !line.starts_with('[') {
            return match serde_json::from_str(&line) {
                Ok(Line::End { name, rows, digest }) if name == self.table => {
                    Ok(Row::End { rows, digest })
                }
                _ => Err(self.damaged("its parts are out of order")),
            };
        }
        let cells: Vec<Cell> =
            serde_json::from_str(&line).map_err(|error| self.damaged(&error.to_string()))?;
        let is_whole = cells.len() == columns.len();
        let row = cells.into_iter().zip(columns).map(|(cell, it)| value_of(cell, it.1));
        row.collect::<Option<Vec<_>>>()
            .filter(|_| is_whole)
            .map(Row::Values)
            .ok_or_else(|| self.damaged("a row doesn't match the columns of its table"))
    }
}
