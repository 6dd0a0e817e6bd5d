//! Backups, and moves from one database to another: every row of every table, as of one moment, in a form
//! that both engines share. The result is compared with the source, row by row, before anything is committed.

mod file;
mod key;
mod row;
mod tables;
mod target;

use serde::Serialize;

use crate::server::db::Tx;
use crate::server::db::query::Query;
use crate::server::db::value::Value;
use crate::server::{App, Db, Error};

pub use file::{read, write};
pub use key::rotate;
pub use row::Tally;
pub use tables::{TABLES, Table};
pub use target::Target;

/// The number of rows in a batch.
const BATCH_SIZE: usize = 100;

/// The result of copying a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopiedTable {
    pub table: &'static str,
    pub rows: u64,
    /// Over all rows, in whatever order: see [`Tally`].
    pub digest: String,
}

/// The destination of rows.
#[expect(async_fn_in_trait, reason = "commands alone copy, each on one task")]
pub trait Sink {
    /// Starts a table, to which the next rows belong.
    async fn begin_table(&mut self, table: &'static Table) -> Result<(), Error>;
    /// Takes some rows, each with a value for every column.
    async fn write_rows(
        &mut self,
        table: &'static Table,
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Error>;
    /// Ends the table.
    async fn end_table(&mut self, copied: &CopiedTable) -> Result<(), Error>;
}

/// Counts the rows of all tables.
pub async fn count(tx: &mut Tx) -> Result<u64, Error> {
    let mut all = 0;
    for table in TABLES {
        let mut query = Query::new("SELECT COUNT(*) FROM ");
        query.sql(table.name);
        let counted: Vec<(i64,)> = query.fetch_all_in(tx).await?;
        all += counted.first().map_or(0, |it| u64::try_from(it.0).unwrap_or(0));
    }
    Ok(all)
}

/// Passes on all rows of a database, as of one moment. `progress` gets the size of each batch.
pub async fn copy_rows<S: Sink>(
    source: &mut Tx,
    sink: &mut S,
    progress: impl Fn(u64),
) -> Result<Vec<CopiedTable>, Error> {
    let mut all = Vec::new();
    for table in TABLES {
        sink.begin_table(table).await?;
        let mut tally = Tally::default();
        let mut batch = Vec::with_capacity(BATCH_SIZE);
        table
            .select()
            .for_each_in(source, table.columns, async |row| {
                tally.add(&row)?;
                batch.push(row);
                if batch.len() == BATCH_SIZE {
                    progress(BATCH_SIZE as u64);
                    sink.write_rows(table, std::mem::take(&mut batch)).await?;
                }
                Ok(())
            })
            .await?;
        progress(batch.len() as u64);
        if !batch.is_empty() {
            sink.write_rows(table, batch).await?;
        }
        let copied = tally.copied(table.name);
        sink.end_table(&copied).await?;
        all.push(copied);
    }
    Ok(all)
}

/// Copies all rows into another database, which must be empty unless it is to be replaced.
pub async fn copy(
    app: &App,
    target: &Db,
    is_replaced: bool,
    progress: impl Fn(u64),
) -> Result<Vec<CopiedTable>, Error> {
    let mut reading = app.db.snapshot().await?;
    let mut writing = Target::begin(target, is_replaced).await?;
    let copied = copy_rows(&mut reading, &mut writing, progress).await?;
    writing.commit(false, app.clock.now()).await?;
    Ok(copied)
}
