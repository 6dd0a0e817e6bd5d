//! A database that receives all rows or none.

use super::row::Tally;
use super::tables::{TABLES, Table, push_columns};
use super::{CopiedTable, Sink};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{Entry, chain, record};
use crate::role::server::COMMAND_LINE;
use crate::server::config::ConfigError;
use crate::server::database_lock::{self, DatabaseLock};
use crate::server::db::Tx;
use crate::server::db::query::Query;
use crate::server::db::value::Value;
use crate::server::{Client, Db, Error};

/// A database without a user or an event is new.
const COUNT: &str = "
    SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM audit_events)";

/// A transaction that fills an empty database.
#[derive(Debug)]
pub struct Target {
    db: Db,
    tx: Tx,
    /// The replaced content, in words for the audit log.
    replaced: Option<String>,
    /// Keeps servers away until all rows are written.
    _lock: DatabaseLock,
}

impl Target {
    /// Deletes existing records and begins to fill the database. Fails if a server runs on it, or if it is
    /// not empty and is not to be replaced.
    pub async fn begin(db: &Db, is_replaced: bool) -> Result<Self, Error> {
        Self::begin_on(db, is_replaced).await.map_err(|it| db.add_location(it))
    }

    async fn begin_on(db: &Db, is_replaced: bool) -> Result<Self, Error> {
        let mut tx = db.begin().await?;
        let database_lock = database_lock::lock_exclusive(db, &mut tx).await?;
        if let Db::Postgres(_) = db {
            lock(&mut tx).await?;
        }
        let (users, events): (i64, i64) = tx.fetch_one(COUNT, args![]).await?;
        let replaced = if users + events > 0 {
            if !is_replaced {
                return Err(ConfigError(
                    "the database is not empty; --replace deletes the existing records first"
                        .to_owned(),
                )
                .into());
            }
            let head = chain::head(&mut tx).await?;
            Some(format!("in place of {users} users and {events} events, sealed up to {head}"))
        } else {
            None
        };
        for table in TABLES.iter().rev() {
            let mut query = Query::new("DELETE FROM ");
            query.sql(table.name);
            query.execute_in(&mut tx).await?;
        }
        Ok(Self { db: db.clone(), tx, replaced, _lock: database_lock })
    }

    /// Commits the rows. Records an event for a restore or a replacement: the copied log knows of neither.
    pub async fn commit(mut self, is_restored: bool, now: i64) -> Result<(), Error> {
        if is_restored || self.replaced.is_some() {
            if is_restored {
                revoke(&mut self.tx).await?;
            }
            let about = self.replaced.unwrap_or_default();
            let entry = Entry::new(EventKind::Restored, None).about(&about).by(COMMAND_LINE);
            record(&mut self.tx, &entry, &Client::default(), now).await?;
        }
        if let Tx::Postgres(_) = self.tx {
            // Otherwise the planner knows nothing of the new rows until PostgreSQL analyzes them itself.
            Query::new("ANALYZE").execute_in(&mut self.tx).await?;
        }
        self.tx.commit().await.map_err(|it| self.db.add_location(it))
    }
}

/// Removes what an older state would bring back: sessions ended since, mailed links and provider sign-ins
/// used since, mails sent since, and browsers forgotten or no longer trusted since.
async fn revoke(tx: &mut Tx) -> Result<(), Error> {
    const ALL: [&str; 11] = [
        "UPDATE users SET session_epoch = session_epoch + 1",
        "DELETE FROM sessions",
        "DELETE FROM trusted_browsers",
        "DELETE FROM tickets",
        "DELETE FROM mailed_sign_ins",
        "DELETE FROM authorization_requests",
        "DELETE FROM sign_in_attempts",
        "DELETE FROM unfinished_sign_ups",
        "DELETE FROM recovery_requests",
        "DELETE FROM mails WHERE sent_at IS NULL AND given_up_at IS NULL",
        "DELETE FROM known_places",
    ];
    for statement in ALL {
        Query::new(statement).execute_in(tx).await?;
    }
    Ok(())
}

/// Keeps other writers out until the transaction ends, as SQLite does by itself.
async fn lock(tx: &mut Tx) -> Result<(), Error> {
    let mut query = Query::new("LOCK TABLE ");
    for (n, table) in TABLES.iter().enumerate() {
        query.sql(if n == 0 { "" } else { ", " }).sql(table.name);
    }
    query.sql(" IN EXCLUSIVE MODE");
    query.execute_in(tx).await.map(drop)
}

impl Sink for Target {
    async fn begin_table(&mut self, _: &'static Table) -> Result<(), Error> {
        Ok(())
    }

    async fn write_rows(
        &mut self,
        table: &'static Table,
        rows: Vec<Vec<Value<'static>>>,
    ) -> Result<(), Error> {
        let mut query = Query::new("INSERT INTO ");
        query.sql(table.name).sql(" (");
        push_columns(&mut query, table.columns);
        query.sql(") VALUES ");
        for (n, row) in rows.into_iter().enumerate() {
            query.sql(if n == 0 { "(" } else { ", (" });
            for (m, value) in row.into_iter().enumerate() {
                query.sql(if m == 0 { "" } else { ", " }).bind(value);
            }
            query.sql(")");
        }
        query.execute_in(&mut self.tx).await.map(drop).map_err(|it| self.db.add_location(it))
    }

    /// Reads back the rows that were written, and compares them.
    async fn end_table(&mut self, copied: &CopiedTable) -> Result<(), Error> {
        let Some(table) = TABLES.iter().find(|it| it.name == copied.table) else { return Ok(()) };
        let mut tally = Tally::default();
        let query = table.select();
        query.for_each_in(&mut self.tx, table.columns, async |row| tally.add(&row)).await?;
        let found = tally.copied(table.name);
        if found != *copied {
            let CopiedTable { rows, digest, .. } = found;
            return Err(ConfigError(format!(
                "the rows of {} read back differently than they were written: {rows} rows with digest \
                 {digest}, not {} with {}; nothing was changed",
                table.name, copied.rows, copied.digest
            ))
            .into());
        }
        Ok(())
    }
}
