//! The database: one of two engines behind one SQL text.
//!
//! Every query is a `const` beside the function that runs it, in the SQL that SQLite and PostgreSQL share. A
//! [`Db`] or a [`Tx`] runs it on the configured engine: `tx.execute(DELETE, args![id.as_str()])`.

use std::fs::File;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions as _, PgConnection, PgPool, Postgres, Sqlite, Transaction};
use tokio::time::timeout;

use super::Error;
use super::config::{Config, ConfigError, DatabaseUrl};
use super::error::{chain, is_database_outage, is_read_only};
use super::files;
use crate::args;
use migrations::MIGRATIONS;
use sqlite::FileContent;
pub use sqlite_db::SqliteDb;

mod migrations;
pub mod query;
mod sqlite;
mod sqlite_db;
pub mod value;

/// How long a starting process waits for another that migrates.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(2);

/// How long connections may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long PostgreSQL keeps an idle transaction.
const IDLE_TRANSACTION_TIMEOUT: Duration = Duration::from_mins(5);

/// Returns the number of the newest migration.
#[must_use]
pub fn schema_version() -> i64 {
    MIGRATIONS.iter().map(|it| it.version).max().unwrap_or(0)
}

/// A pool of connections.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(SqliteDb),
    Postgres(PgPool),
}

/// A transaction, rolled back unless committed.
#[derive(Debug)]
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs the same expression on either engine's pool.
macro_rules! on {
    ($db:expr, $pool:ident => $action:expr) => {
        match $db {
            Db::Sqlite($pool) => $action,
            Db::Postgres($pool) => $action,
        }
    };
}

const IS_READY: &str = "SELECT id FROM users LIMIT 1";

impl Db {
    /// Fails if the database is missing, empty or without our tables. Changes nothing.
    pub async fn must_exist(config: &Config) -> Result<(), Error> {
        let refuse = |what: String| {
            ConfigError(format!(
                "there is no Portcullis database {what}; run the command in the server's folder, or name \
                 its settings with --config; `portcullis migrate` creates a new database"
            ))
        };
        if let DatabaseUrl::Sqlite(options, file) = database_url(config)? {
            let Some(file) = file else { return Err(refuse("in memory".to_owned()).into()) };
            let path = file.display();
            return match sqlite::inspect(&options, &file).await? {
                FileContent::Ours => Ok(()),
                FileContent::Nothing => Err(refuse(format!("at {path}")).into()),
                FileContent::Other => Err(refuse(format!("at {path}, only another file")).into()),
                FileContent::Unreadable(error) => {
                    Err(connection_error(&format!("{path} can't be opened"), &error))
                }
            };
        }
        let (db, _) = Self::connect(config).await?;
        let has_tables = db.has_tables().await;
        db.close().await;
        if has_tables? { Ok(()) } else { Err(refuse("at database.url".to_owned()).into()) }
    }

    async fn has_tables(&self) -> Result<bool, Error> {
        match self.is_ready().await {
            Ok(()) => Ok(true),
            // PostgreSQL: undefined_table.
            Err(Error::Database(sqlx::Error::Database(it)))
                if it.code().as_deref() == Some("42P01") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Connects, creates what is missing and migrates. Fails if the database can't be written.
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let (db, lock) = Self::connect(config).await?;
        db.migrate().await.map_err(|it| db.add_location(it))?;
        drop(lock);
        db.must_be_writable().await?;
        Ok(db)
    }

    async fn connect(config: &Config) -> Result<(Self, Option<File>), Error> {
        let options = match database_url(config)? {
            DatabaseUrl::Sqlite(options, file) => {
                let (pool, lock) = sqlite::connect(config, *options, file.as_deref()).await?;
                return Ok((Self::Sqlite(SqliteDb::new(pool)), lock));
            }
            DatabaseUrl::Postgres(options) => *options,
        };
        let patience = config.database.busy_timeout;
        let pool = PgPoolOptions::new()
            .max_connections(config.database.connections)
            .acquire_timeout(patience)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    set_timeouts(connection, patience, IDLE_TRANSACTION_TIMEOUT).await
                })
            })
            .connect_with(options.clone())
            .await;
        match pool {
            Ok(pool) => Ok((Self::Postgres(pool), None)),
            Err(mut error) => {
                // The pool keeps retrying and does not report the cause.
                if let (sqlx::Error::PoolTimedOut, Err(cause)) = (&error, options.connect().await) {
                    error = cause;
                }
                let place = format!("{}:{}", options.get_host(), options.get_port());
                Err(connection_error(&format!("PostgreSQL at {place} can't be used"), &error))
            }
        }
    }

    /// Applies the new files of `migrations/` once, even if two processes start together: PostgreSQL holds an
    /// advisory lock meanwhile, and SQLite's file is locked already.
    async fn migrate(&self) -> Result<(), Error> {
        let pool = match self {
            Self::Sqlite(db) => return Ok(MIGRATIONS.run(&**db).await?),
            Self::Postgres(pool) => pool,
        };
        // Waits for another process longer than a request may.
        let patient = PgPoolOptions::new()
            .max_connections(1)
            .after_connect(|connection, _| {
                Box::pin(async {
                    set_timeouts(connection, MIGRATION_TIMEOUT, IDLE_TRANSACTION_TIMEOUT).await
                })
            })
            .connect_with(pool.connect_options().as_ref().clone())
            .await?;
        let migrated = MIGRATIONS.run(&patient).await;
        patient.close().await;
        migrated?;
        collate_words(pool).await
    }

    /// Fails if SQLite's file is read-only. Otherwise the first sign-in would fail.
    async fn must_be_writable(&self) -> Result<(), Error> {
        const WRITE_NOTHING: &str = "DELETE FROM clock WHERE 1 = 0";
        if let Self::Sqlite(pool) = self
            && let Err(error) = sqlx::query(WRITE_NOTHING).execute(&**pool).await
            && is_read_only(&error)
        {
            return Err(connection_error(&format!("{} can't be written", self.location()), &error));
        }
        Ok(())
    }

    /// Returns the database's location without a password: a file, or PostgreSQL's host and port.
    #[must_use]
    pub fn location(&self) -> String {
        match self {
            Self::Sqlite(pool) => pool.connect_options().get_filename().display().to_string(),
            Self::Postgres(pool) => {
                let options = pool.connect_options();
                format!("PostgreSQL at {}:{}", options.get_host(), options.get_port())
            }
        }
    }

    /// Returns whether both are one database, by any names.
    pub async fn is_same(&self, other: &Self) -> Result<bool, Error> {
        match (self, other) {
            (Self::Sqlite(one), Self::Sqlite(other)) => {
                let (one, other) = (file_path(&**one).await?, file_path(&**other).await?);
                Ok(files::is_same(one.as_ref(), other.as_ref()))
            }
            (Self::Postgres(one), Self::Postgres(other)) => is_same_schema(one, other).await,
            _ => Ok(false),
        }
    }

    /// Adds the database's place to an error that means the whole database can't be used.
    #[must_use]
    pub fn add_location(&self, error: Error) -> Error {
        match error {
            Error::Database(source)
            | Error::Migrate(
                MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _),
            ) if is_database_outage(&source) => {
                Error::Storage { location: self.location(), source }
            }
            error => error,
        }
    }

    /// Begins a transaction that will write. SQLite takes its one write lock at once, since a reader that
    /// becomes a writer is refused if another wrote meanwhile.
    pub async fn begin(&self) -> Result<Tx, Error> {
        self.begin_as("BEGIN IMMEDIATE", "BEGIN").await
    }

    /// Begins a transaction that only reads, and sees the database as it was at its first query.
    pub async fn snapshot(&self) -> Result<Tx, Error> {
        self.begin_as("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    /// Begins a transaction. Boxed, because code that may connect adds 14.5 KB to every caller's future.
    async fn begin_as(&self, sqlite: &'static str, postgres: &'static str) -> Result<Tx, Error> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(Box::pin(pool.begin_with(sqlite)).await?),
            Self::Postgres(pool) => Tx::Postgres(Box::pin(pool.begin_with(postgres)).await?),
        })
    }

    /// Checks that the database responds and has our tables.
    pub async fn is_ready(&self) -> Result<(), Error> {
        self.execute(IS_READY, args![]).await.map(drop)
    }

    /// Returns whether the connections are closed, because the process is about to end.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        on!(self, db => db.is_closed())
    }

    /// Finishes running queries and closes all connections. A lost one does not keep the process from ending.
    pub async fn close(&self) {
        let closing = async { on!(self, db => db.close().await) };
        if timeout(CLOSE_TIMEOUT, closing).await.is_err() {
            tracing::warn!("a database connection did not close in time");
        }
    }
}

/// Returns whether both pools share a lock and a schema. Locks are shared only within one database.
async fn is_same_schema(one: &PgPool, other: &PgPool) -> Result<bool, Error> {
    const HOLD: &str = "SELECT pg_advisory_xact_lock($1), current_schema()::TEXT";
    const TRY: &str = "SELECT pg_try_advisory_xact_lock($1), current_schema()::TEXT";
    let number = getrandom::u64()?.cast_signed();
    let mut holding = one.begin().await?;
    let held: ((), Option<String>) =
        sqlx::query_as(HOLD).bind(number).fetch_one(&mut *holding).await?;
    let mut trying = other.begin().await?;
    let tried: (bool, Option<String>) =
        sqlx::query_as(TRY).bind(number).fetch_one(&mut *trying).await?;
    Ok(!tried.0 && held.1 == tried.1)
}

/// Makes PostgreSQL compare words by their bytes, as SQLite compares text, whatever the order of the
/// database's language. Words are searched by prefix.
async fn collate_words(pool: &PgPool) -> Result<(), Error> {
    const IS_PLAIN: &str = "
        SELECT COUNT(*)
        FROM information_schema.columns
        WHERE table_schema = CURRENT_SCHEMA AND table_name = 'user_words' AND column_name = 'word'
            AND collation_name = 'C'";
    const COLLATE: &str = r#"ALTER TABLE user_words ALTER COLUMN word TYPE TEXT COLLATE "C""#;
    let plain: i64 = sqlx::query_scalar(IS_PLAIN).fetch_one(pool).await?;
    if plain == 0 {
        sqlx::query(COLLATE).execute(pool).await?;
    }
    Ok(())
}

/// Limits how long a connection waits for locks, and how long an idle transaction of a stalled process can
/// keep others waiting.
async fn set_timeouts(
    connection: &mut PgConnection,
    lock: Duration,
    idle: Duration,
) -> Result<(), sqlx::Error> {
    const LIMIT: &str = "
        SELECT set_config('lock_timeout', $1, FALSE),
            set_config('idle_in_transaction_session_timeout', $2, FALSE)";
    let limit = sqlx::query(LIMIT).bind(lock.as_millis().to_string());
    limit.bind(idle.as_millis().to_string()).execute(connection).await.map(drop)
}

fn database_url(config: &Config) -> Result<DatabaseUrl, ConfigError> {
    let refuse = || ConfigError("database.url is not a valid URL".to_owned());
    DatabaseUrl::parse(config.database.url.expose()).ok_or_else(refuse)
}

/// Returns the full path of a SQLite database, with symbolic links followed; empty for one in memory.
pub async fn file_path(executor: impl sqlx::SqliteExecutor<'_>) -> Result<String, Error> {
    const NAME: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let file: Option<String> = sqlx::query_scalar(NAME).fetch_one(executor).await?;
    Ok(file.unwrap_or_default())
}

/// Returns a one-line error for the operator, without the URL, which may contain a password.
fn connection_error(what: &str, error: &sqlx::Error) -> Error {
    let why = match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => chain(other),
    };
    ConfigError(format!("database.url: {what}: {why}")).into()
}

impl Tx {
    pub async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
