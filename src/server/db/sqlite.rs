//! SQLite's file: looked at before it is touched, and locked while it is brought up to date.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Instant;

use percent_encoding::percent_decode_str;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlitePool};
use tokio::time::{Duration, sleep};
use url::form_urlencoded;

use super::{MIGRATING, unreachable, unusable};
use crate::server::config::{Config, ConfigError, Durability};
use crate::server::{Error, files};

/// What is at the place of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or a database without a table.
    Nothing,
    Ours,
    /// The database of another program.
    Foreign,
    /// Something that can't be read now; to open it tells why.
    Unknown,
}

/// The file that SQLite opens by a name, which may be a URI (sqlite.org/uri.html, section 3.1).
pub fn file_named(name: &Path) -> PathBuf {
    let Some(uri) = name.to_str().and_then(|it| it.strip_prefix("file:")) else {
        return name.to_owned();
    };
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    // Behind two slashes it names this machine, or none.
    let path = path.strip_prefix("//").map_or(path, |it| it.trim_start_matches("localhost"));
    PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned())
}

/// Looks at what is there and changes nothing about it.
pub async fn look(url: &str, options: &SqliteConnectOptions) -> Result<Found, Error> {
    // The tables of the first migration, and the one that tells of migrations.
    const TABLES: &str = "
        SELECT COUNT(*),
            COUNT(*) FILTER (WHERE name IN ('users', 'passwords', 'linked_accounts')),
            COUNT(*) FILTER (WHERE name = '_sqlx_migrations')
        FROM sqlite_master
        WHERE type = 'table'";
    if is_memory(url)
        || files::length_if_there(&file_named(options.get_filename()))?.unwrap_or(0) == 0
    {
        return Ok(Found::Nothing);
    }
    let options = options.clone().create_if_missing(false).read_only(true);
    let Ok(mut connection) = options.connect().await else { return Ok(Found::Unknown) };
    let counted: sqlx::Result<(i64, i64, i64)> =
        sqlx::query_as(TABLES).fetch_one(&mut connection).await;
    let _ = connection.close().await;
    Ok(match counted {
        Ok((0, ..)) => Found::Nothing,
        Ok((_, 3, _) | (1, 0, 1)) => Found::Ours,
        Ok(_) => Found::Foreign,
        Err(_) => Found::Unknown,
    })
}

/// Whether an address is that of a database in memory, as sqlx reads addresses.
pub fn is_memory(url: &str) -> bool {
    let rest = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    path == ":memory:" || pairs.any(|(name, value)| name == "mode" && value == "memory")
}

/// Connects, one process at a time until it drops the file: two that turn a new database to its log at
/// once would find it locked.
pub async fn connect(config: &Config) -> Result<(SqlitePool, Option<File>), Error> {
    let url = config.database.url.expose();
    let options = SqliteConnectOptions::from_str(url).map_err(unusable)?;
    let path = file_named(options.get_filename());
    if look(url, &options).await? == Found::Foreign {
        let why = format!("{} is the database of another program", path.display());
        return Err(ConfigError(format!("database.url: {why}; name another file")).into());
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
    let lock = if is_memory(url) {
        None
    } else {
        let lock = lock_beside(&path).await?;
        // SQLite would let the umask decide who may read it; the files beside it follow its mode.
        // Where it is there already, or can't be made, SQLite has the word.
        let _ = files::create_private(&path);
        Some(lock)
    };
    let pool = SqlitePoolOptions::new()
        .max_connections(config.database.connections)
        .acquire_timeout(config.database.busy_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, _| {
            // After a full disk or a failed read SQLite has ended the transaction itself; sqlx then
            // fails to, and takes it for open for ever.
            Box::pin(async { Ok(!connection.is_in_transaction()) })
        })
        .connect_with(options)
        .await
        .map_err(|error| unreachable(&format!("{} can't be opened", path.display()), &error))?;
    Ok((pool, lock))
}

/// Waits for a lock on a file beside the database: beside the file itself, by whatever name it is known.
async fn lock_beside(database: &Path) -> Result<File, Error> {
    let path: PathBuf = files::resolved(database).with_extension("migrating");
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
