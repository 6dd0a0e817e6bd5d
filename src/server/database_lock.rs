//! Detects servers that run on a database. Each server holds a shared lock on it until its process ends. A
//! command that replaces what servers rely on holds the lock exclusively.

use std::fs::{File, TryLockError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgPool, Postgres};
use tokio::task::AbortHandle;

use super::config::ConfigError;
use super::db::{Tx, file_path};
use super::{Db, Error, files};

/// The lock of a server or of a command, released when dropped.
#[derive(Debug)]
#[must_use]
pub enum DatabaseLock {
    File {
        _held: File,
    },
    Connection(AbortHandle),
    /// The transaction holds the lock, or the database is in memory.
    Elsewhere,
}

impl Drop for DatabaseLock {
    fn drop(&mut self) {
        if let Self::Connection(task) = self {
            task.abort();
        }
    }
}

/// Marks the database as used by a server. Refused while its records are being replaced.
pub async fn lock_shared(db: &Db) -> Result<DatabaseLock, Error> {
    let refused = || {
        let why = "a command has locked this database; start the server when that command is done";
        Error::from(ConfigError(why.to_owned()))
    };
    match db {
        Db::Sqlite(pool) => {
            let Some(file) = open(&file_path(&**pool).await?)? else {
                return Ok(DatabaseLock::Elsewhere);
            };
            if file.try_lock_shared().is_err() {
                return Err(refused());
            }
            Ok(DatabaseLock::File { _held: file })
        }
        Db::Postgres(pool) => {
            let connection = connect_shared(pool).await?.ok_or_else(refused)?;
            let task = tokio::spawn(hold_lock(pool.clone(), connection));
            Ok(DatabaseLock::Connection(task.abort_handle()))
        }
    }
}

/// Locks servers out: on PostgreSQL until the transaction ends, on SQLite until the returned value is
/// dropped. Refused while a server runs.
pub async fn lock_exclusive(db: &Db, tx: &mut Tx) -> Result<DatabaseLock, Error> {
    // A short wait, since PostgreSQL may not have noticed yet that a process is gone.
    const WAIT: &str = "SELECT set_config('lock_timeout', '2s', TRUE)";
    const TAKE: &str = "SELECT pg_advisory_xact_lock(7310577, hashtext(current_schema()))";
    const WAIT_FOREVER: &str = "SELECT set_config('lock_timeout', '0', TRUE)";
    let in_use = || {
        let why = "a server is using the database; stop all servers first";
        Error::from(ConfigError(why.to_owned()))
    };
    match (db, tx) {
        (_, Tx::Sqlite(tx)) => {
            let database = file_path(&mut **tx).await?;
            // A server that opened the file by another name holds another lock.
            if files::hard_link_count(database.as_ref()) > 1 {
                let why = format!("{database} has other hard links; remove them first");
                return Err(ConfigError(why).into());
            }
            let Some(file) = open(&database)? else { return Ok(DatabaseLock::Elsewhere) };
            match file.try_lock() {
                Ok(()) => Ok(DatabaseLock::File { _held: file }),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => Err(in_use()),
            }
        }
        (Db::Postgres(_), Tx::Postgres(tx)) => {
            sqlx::query(WAIT).execute(&mut **tx).await?;
            match sqlx::query(TAKE).execute(&mut **tx).await {
                Ok(_) => {}
                Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => {
                    return Err(in_use());
                }
                Err(error) => return Err(error.into()),
            }
            sqlx::query(WAIT_FOREVER).execute(&mut **tx).await?;
            Ok(DatabaseLock::Elsewhere)
        }
        (Db::Sqlite(_), Tx::Postgres(_)) => Ok(DatabaseLock::Elsewhere),
    }
}

/// Opens the lock file beside a database; `None` for a database in memory.
fn open(database: &str) -> Result<Option<File>, Error> {
    match database {
        "" => Ok(None),
        path => Ok(Some(files::open_lock_file(format!("{path}.serving").as_ref())?)),
    }
}

/// Opens a connection that shares the lock; `None` if the lock is not available.
async fn connect_shared(pool: &PgPool) -> sqlx::Result<Option<PoolConnection<Postgres>>> {
    const SHARE: &str = "SELECT pg_try_advisory_lock_shared(7310577, hashtext(current_schema()))";
    // Makes PostgreSQL notice within a minute that a machine is gone, and release its lock.
    const NOTICE: &str = "SELECT set_config('tcp_keepalives_idle', '30', FALSE),
        set_config('tcp_keepalives_interval', '10', FALSE),
        set_config('tcp_keepalives_count', '3', FALSE)";
    let mut connection = pool.acquire().await?;
    sqlx::query(NOTICE).execute(&mut *connection).await?;
    let shared: bool = sqlx::query_scalar(SHARE).fetch_one(&mut *connection).await?;
    Ok(shared.then_some(connection))
}

/// Holds the lock until the process ends, on another connection if one breaks.
async fn hold_lock(pool: PgPool, connection: PoolConnection<Postgres>) {
    const EVERY: Duration = Duration::from_secs(10);
    let mut held = Some(connection.detach());
    loop {
        tokio::time::sleep(EVERY).await;
        if let Some(connection) = &mut held
            && connection.ping().await.is_ok()
        {
            continue;
        }
        held = match connect_shared(&pool).await {
            Ok(connection) => connection.map(PoolConnection::detach),
            Err(_) => None,
        };
    }
}
