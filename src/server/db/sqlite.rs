//! SQLite's file: inspected before it is changed, and locked while it is migrated.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlitePool};
use tokio::time::{Duration, sleep};

use super::{MIGRATION_TIMEOUT, connection_error};
use crate::server::config::{Config, ConfigError, Durability};
use crate::server::error::is_not_a_database;
use crate::server::{Error, files};

/// The content at a database's path.
#[derive(Debug)]
pub enum FileContent {
    /// Nothing, or a database without a table.
    Nothing,
    Ours,
    /// Another program's database, or a file that is not a database.
    Other,
    /// A file that can't be read.
    Unreadable(sqlx::Error),
}

/// Inspects a database without changing it.
pub async fn inspect(options: &SqliteConnectOptions, file: &Path) -> Result<FileContent, Error> {
    if files::length_if_exists(file)?.unwrap_or(0) == 0 {
        return Ok(FileContent::Nothing);
    }
    let options = options.clone().create_if_missing(false).read_only(true);
    // As immutable, SQLite creates no files beside the database and does not read its log.
    match classify(options.clone().immutable(true)).await {
        Ok(found @ (FileContent::Ours | FileContent::Other)) => Ok(found),
        // New content may be in the log.
        _ => Ok(classify(options).await.unwrap_or_else(FileContent::Unreadable)),
    }
}

async fn classify(options: SqliteConnectOptions) -> sqlx::Result<FileContent> {
    // The tables of the first migration, and the one that records migrations.
    const TABLES: &str = "
        SELECT COUNT(*),
            COUNT(*) FILTER (WHERE name IN ('users', 'passwords', 'linked_accounts')),
            COUNT(*) FILTER (WHERE name = '_sqlx_migrations'),
            (SELECT application_id FROM pragma_application_id)
        FROM sqlite_master
        WHERE type IN ('table', 'view')";
    let counted = async {
        let mut connection = options.connect().await?;
        let counted: sqlx::Result<(i64, i64, i64, i64)> =
            sqlx::query_as(TABLES).fetch_one(&mut connection).await;
        connection.close().await?;
        counted
    };
    match counted.await {
        Ok((0, .., 0)) => Ok(FileContent::Nothing),
        Ok((_, 3, _, 0) | (1, 0, 1, 0)) => Ok(FileContent::Ours),
        Ok(_) => Ok(FileContent::Other),
        Err(error) if is_not_a_database(&error) => Ok(FileContent::Other),
        Err(error) => Err(error),
    }
}

/// Connects. Other processes wait until the returned file is dropped, because two that switch a new database
/// to its log at once would find it locked.
pub async fn connect(
    config: &Config,
    options: SqliteConnectOptions,
    file: Option<&Path>,
) -> Result<(SqlitePool, Option<File>), Error> {
    let refuse = |file: &Path, why: &str| {
        ConfigError(format!("database.url: {} {why}", file.display())).into()
    };
    if let Some(file) = file {
        if files::is_dangling_link(file) {
            return Err(refuse(file, "is a symbolic link to a missing file"));
        }
        if let FileContent::Other = inspect(&options, file).await? {
            return Err(refuse(file, "is not a Portcullis database; name another file"));
        }
    }
    files::create_folder(&config.site.data, 0o700)?;
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match config.database.durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Normal => SqliteSynchronous::Normal,
        })
        .foreign_keys(true)
        .busy_timeout(config.database.busy_timeout);
    let lock = match file {
        None => None,
        Some(file) => {
            let lock = lock_migration(file).await?;
            // Otherwise the umask decides who may read it. The files beside it get its mode. If it exists
            // already or can't be created, SQLite decides.
            let _ = files::create_private(file);
            Some(lock)
        }
    };
    let place = file.unwrap_or(options.get_filename()).display().to_string();
    let pool = SqlitePoolOptions::new()
        .max_connections(config.database.connections)
        .acquire_timeout(config.database.busy_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, _| {
            // After a full disk or a failed read, SQLite has ended the transaction itself. sqlx then fails to
            // end it, and treats it as open forever.
            Box::pin(async { Ok(!connection.is_in_transaction()) })
        })
        .connect_with(options)
        .await
        .map_err(|error| connection_error(&format!("{place} can't be opened"), &error))?;
    Ok((pool, lock))
}

/// Waits for a lock on a file beside the database's real path, whatever name it is opened by.
async fn lock_migration(database: &Path) -> Result<File, Error> {
    let path: PathBuf = files::resolved(database).with_extension("migrating");
    let began = Instant::now();
    loop {
        let refuse = |why: String| {
            ConfigError(format!("database.url: {} can't be opened: {why}", database.display()))
        };
        if let Some(file) = files::try_lock(&path).map_err(|it| refuse(it.chain()))? {
            return Ok(file);
        }
        if began.elapsed() > MIGRATION_TIMEOUT {
            let why = "another process is migrating it and doesn't finish";
            return Err(refuse(why.to_owned()).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
