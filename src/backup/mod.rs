//! Backups, and moving from one database to another: every row of every table, as of one moment, in
//! words that both engines share. What comes out is compared with what went in, row by row, before
//! anything is committed.

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

/// How many rows are handed on at once.
const AT_ONCE: usize = 100;

/// What was copied of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copied {
    pub table: &'static str,
    pub rows: u64,
    /// Over all rows, in whatever order: see [`Tally`].
    pub digest: String,
}

/// Where rows go.
#[expect(async_fn_in_trait, reason = "commands alone copy, each on one task")]
pub trait Sink {
    /// The rows that come next are of this table.
    async fn begin(&mut self, table: &'static Table) -> Result<(), Error>;
    /// Some rows, each with a value for every column.
    async fn take(
        &mut self,
        table: &'static Table,
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Error>;
    /// There are no more of them.
    async fn end(&mut self, copied: &Copied) -> Result<(), Error>;
}

/// How many rows there are in all tables.
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

/// Hands all rows of a database on, as of one moment. `progress` is told of each lot.
pub async fn pour<S: Sink>(
    source: &mut Tx,
    sink: &mut S,
    progress: impl Fn(u64),
) -> Result<Vec<Copied>, Error> {
    let mut all = Vec::new();
    for table in TABLES {
        sink.begin(table).await?;
        let mut tally = Tally::default();
        let mut lot = Vec::with_capacity(AT_ONCE);
        table
            .select()
            .each_in(source, table.columns, async |row| {
                tally.add(&row)?;
                lot.push(row);
                if lot.len() == AT_ONCE {
                    progress(AT_ONCE as u64);
                    sink.take(table, std::mem::take(&mut lot)).await?;
                }
                Ok(())
            })
            .await?;
        progress(lot.len() as u64);
        if !lot.is_empty() {
            sink.take(table, lot).await?;
        }
        let copied = tally.copied(table.name);
        sink.end(&copied).await?;
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
) -> Result<Vec<Copied>, Error> {
    let mut reading = app.db.snapshot().await?;
    let mut writing = Target::begin(target, is_replaced).await?;
    let copied = pour(&mut reading, &mut writing, progress).await?;
    writing.commit(false, app.clock.now()).await?;
    Ok(copied)
}
