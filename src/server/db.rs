//! The database: one of two engines behind one SQL text.
//!
//! Every query is a `const` beside the function that runs it, in the words that SQLite and
//! PostgreSQL share. [`on!`](crate::on) runs it on whichever engine is there.

use std::fs::File;
use std::path::Path;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool,
    Transaction,
};
use tokio::time::{sleep, timeout};

use super::Error;
use super::config::{Config, ConfigError, Durability};
use super::error::chain;
use super::files;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a process waits at its start for another that migrates.
const MIGRATING: Duration = Duration::from_mins(2);

/// How long connections may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// How long PostgreSQL keeps a transaction in which nothing happens.
const ABANDONED: Duration = Duration::from_mins(5);

/// The number of the newest migration.
#[must_use]
pub fn schema() -> i64 {
    MIGRATIONS.iter().map(|it| it.version).max().unwrap_or(0)
}

/// A pool of connections.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction; undone unless committed.
#[derive(Debug)]
pub enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one query expression on the engine that is there: `on!(&app.db, db => query(SQL).execute(db))`.
#[macro_export]
macro_rules! on {
    ($db:expr, $pool:ident => $query:expr) => {
        match $db {
            $crate::server::db::Db::Sqlite($pool) => $query,
            $crate::server::db::Db::Postgres($pool) => $query,
        }
    };
}

/// The same within a transaction: `in_tx!(&mut tx, c => query(SQL).execute(c))`.
#[macro_export]
macro_rules! in_tx {
    ($tx:expr, $connection:ident => $query:expr) => {
        match $tx {
            $crate::server::db::Tx::Sqlite(tx) => {
                let $connection = &mut **tx;
                $query
            }
            $crate::server::db::Tx::Postgres(tx) => {
                let $connection = &mut **tx;
                $query
            }
        }
    };
}

const IS_READY: &str = "SELECT id FROM users LIMIT 1";

impl Db {
    /// Refused where the database is a file that is missing or empty, or has none of our tables.
    pub async fn must_exist(config: &Config) -> Result<(), Error> {
        let url = config.database.url.expose();
        let refuse = |what: String| {
            ConfigError(format!(
                "there is no database {what}; go to the folder that the server is started in, or name \
                 its settings with --config; `portcullis migrate` makes a new one"
            ))
        };
        if url.starts_with("sqlite:")
            && let Ok(options) = SqliteConnectOptions::from_str(url)
            && files::length_if_there(options.get_filename())?.unwrap_or(0) == 0
        {
            return Err(refuse(format!("at {}", options.get_filename().display())).into());
        }
        let (db, _lock) = Self::connect(config).await?;
        let has_tables = db.has_tables().await;
        db.close().await;
        if has_tables? {
            Ok(())
        } else {
            Err(refuse("of Portcullis at database.url".to_owned()).into())
        }
    }

    async fn has_tables(&self) -> Result<bool, Error> {
        match on!(self, db => sqlx::query(IS_READY).fetch_optional(db).await.map(drop)) {
            Ok(()) => Ok(true),
            // PostgreSQL: undefined_table.
            Err(sqlx::Error::Database(it))
                if it.code().as_deref() == Some("42P01")
                    || it.message().starts_with("no such table") =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Connects, creates what is missing and migrates.
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let (db, lock) = Self::connect(config).await?;
        db.migrate().await?;
        drop(lock);
        Ok(db)
    }

    /// Connects; with SQLite only one process at a time, until it drops the file: two that turn a
    /// new database to its log at once would find it locked.
    async fn connect(config: &Config) -> Result<(Self, Option<File>), Error> {
        let url = config.database.url.expose();
        let unusable =
            |_| ConfigError("database.url can't be read as the address of a database".to_owned());
        if url.starts_with("sqlite:") {
            files::create_folder(&config.site.data, 0o700)?;
            let options = SqliteConnectOptions::from_str(url)
                .map_err(unusable)?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(match config.database.durability {
                    Durability::Full => SqliteSynchronous::Full,
                    Durability::Normal => SqliteSynchronous::Normal,
                })
                .foreign_keys(true)
                .busy_timeout(config.database.busy_timeout);
            let path = options.get_filename();
            // An address begins with the scheme where it names memory and no file.
            let is_file = !path.to_string_lossy().starts_with("file:");
            let lock = if is_file { Some(lock_beside(path).await?) } else { None };
            if is_file {
                // SQLite would let the umask decide who may read it; the files beside it follow its
                // mode. Where it is there already, or can't be made, SQLite has the word.
                let _ = files::create_private(path);
            }
            let pool = SqlitePoolOptions::new()
                .max_connections(config.database.connections)
                .acquire_timeout(config.database.busy_timeout)
                .test_before_acquire(false)
                .before_acquire(|connection, _| {
                    // After a full disk or a failed read SQLite has ended the transaction itself;
                    // sqlx then fails to, and takes it for open for ever.
                    Box::pin(async { Ok(!connection.is_in_transaction()) })
                })
                .connect_with(options.clone())
                .await
                .map_err(|error| {
                    unreachable(&format!("{} can't be opened", path.display()), &error)
                })?;
            return Ok((Self::Sqlite(pool), lock));
        }
        let options = PgConnectOptions::from_str(url).map_err(unusable)?;
        let patience = config.database.busy_timeout;
        let pool = PgPoolOptions::new()
            .max_connections(config.database.connections)
            .acquire_timeout(patience)
            .after_connect(move |connection, _| {
                Box::pin(async move { limit_waits(connection, patience, ABANDONED).await })
            })
            .connect_with(options.clone())
            .await;
        match pool {
            Ok(pool) => Ok((Self::Postgres(pool), None)),
            Err(mut error) => {
                // The pool tries again and again, and keeps why it had to.
                if let (sqlx::Error::PoolTimedOut, Err(cause)) = (&error, options.connect().await) {
                    error = cause;
                }
                let place = format!("{}:{}", options.get_host(), options.get_port());
                Err(unreachable(&format!("PostgreSQL at {place} can't be used"), &error))
            }
        }
    }

    /// Applies what is new of `migrations/`, once, also when two processes start together:
    /// PostgreSQL holds an advisory lock meanwhile, and SQLite's file is locked already.
    async fn migrate(&self) -> Result<(), Error> {
        if let Self::Postgres(pool) = self {
            // Waits for another process longer than a request may.
            let patient = PgPoolOptions::new()
                .max_connections(1)
                .after_connect(|connection, _| {
                    Box::pin(async { limit_waits(connection, MIGRATING, ABANDONED).await })
                })
                .connect_with(pool.connect_options().as_ref().clone())
                .await?;
            let migrated = MIGRATIONS.run(&patient).await;
            patient.close().await;
            migrated?;
            return collate_words(pool).await;
        }
        on!(self, db => MIGRATIONS.run(db).await)?;
        Ok(())
    }

    /// Begins a transaction that will write: SQLite takes its one write lock at once, since a
    /// reader that turns writer is refused where another wrote meanwhile.
    pub async fn begin(&self) -> Result<Tx, Error> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads, and sees all as it was at its first look.
    pub async fn snapshot(&self) -> Result<Tx, Error> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(SNAPSHOT).await?),
        })
    }

    /// Whether the database answers and has our tables.
    pub async fn is_ready(&self) -> Result<(), Error> {
        on!(self, db => sqlx::query(IS_READY).fetch_optional(db).await.map(drop))?;
        Ok(())
    }

    /// Finishes what runs and closes all connections; one that is lost keeps no process from its end.
    pub async fn close(&self) {
        let closing = async { on!(self, db => db.close().await) };
        if timeout(CLOSING, closing).await.is_err() {
            tracing::warn!("a connection to the database did not close in time");
        }
    }
}

/// Words are looked for by how they begin: by their octets, as SQLite compares text, whatever the
/// order of the database's language.
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

/// Ends waits for locks that another holds for too long, and transactions of a process that stands
/// still and so keeps others waiting.
async fn limit_waits(
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

/// Waits for a lock on a file beside the database.
async fn lock_beside(database: &Path) -> Result<File, Error> {
    let path = database.with_extension("migrating");
    let began = Instant::now();
    loop {
        let refuse = |why: String| {
            ConfigError(format!("database.url: {} can't be opened: {why}", database.display()))
        };
        if let Some(file) = files::try_lock(&path).map_err(|it| refuse(it.line()))? {
            return Ok(file);
        }
        if began.elapsed() > MIGRATING {
            let why = "another process is migrating it and does not finish";
            return Err(refuse(why.to_owned()).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// One line for whoever starts the server. The address itself may hold a password.
fn unreachable(what: &str, error: &sqlx::Error) -> Error {
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
