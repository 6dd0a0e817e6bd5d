//! SQLite's pool, and the connections that single queries keep.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};

/// Of this many connections, one may be kept.
const KEPT_SHARE: u32 = 4;

/// A pool that keeps a few connections for single queries. The pool itself checks each connection that it takes
/// back, in a new task and by a message to the connection's thread, which costs more than most queries.
#[derive(Clone, Debug)]
pub struct SqliteDb {
    pool: SqlitePool,
    /// Connections whose last query has succeeded.
    kept: Arc<Mutex<Vec<PoolConnection<Sqlite>>>>,
}

impl Deref for SqliteDb {
    type Target = SqlitePool;

    fn deref(&self) -> &SqlitePool {
        &self.pool
    }
}

impl SqliteDb {
    #[must_use]
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool, kept: Arc::default() }
    }

    /// Returns a connection for one query.
    pub async fn connection(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        let kept = self.lock().pop();
        match kept {
            Some(connection) => Ok(connection),
            None => self.pool.acquire().await,
        }
    }

    /// Keeps a connection after its query has succeeded. In any other case it must be dropped, so that the
    /// pool checks it.
    pub fn keep(&self, connection: PoolConnection<Sqlite>) {
        let limit = self.pool.options().get_max_connections() / KEPT_SHARE;
        let mut kept = self.lock();
        if kept.len() < limit as usize && !self.pool.is_closed() {
            kept.push(connection);
        }
    }

    /// Finishes running queries and closes all connections.
    pub async fn close(&self) {
        let closing = self.pool.close();
        self.lock().clear();
        closing.await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<PoolConnection<Sqlite>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    async fn open(connections: u32) -> SqliteDb {
        let options = SqlitePoolOptions::new().max_connections(connections);
        let db = SqliteDb::new(options.connect("sqlite::memory:").await.unwrap());
        // The pool's first connection returns in the background; before that, the next one would be new.
        assert_eq!(idle_after_return(&db).await, 1);
        db
    }

    /// Waits until the pool has checked the connections that it got back.
    async fn idle_after_return(db: &SqliteDb) -> usize {
        for _ in 0..1000 {
            if db.num_idle() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        db.num_idle()
    }

    #[tokio::test]
    async fn a_connection_is_kept_only_after_a_success() {
        let db = open(4).await;
        let connection = db.connection().await.unwrap();
        db.keep(connection);
        assert_eq!((db.size(), db.num_idle(), db.lock().len()), (1, 0, 1));
        let failed = db.connection().await.unwrap();
        assert_eq!((db.size(), db.lock().len()), (1, 0), "the same one");
        drop(failed);
        assert_eq!((idle_after_return(&db).await, db.lock().len()), (1, 0));
    }

    #[tokio::test]
    async fn most_connections_return_to_the_pool() {
        for (connections, kept) in [(3, 0), (4, 1), (8, 2)] {
            let db = open(connections).await;
            let mut taken = Vec::new();
            for _ in 0..connections {
                taken.push(db.connection().await.unwrap());
            }
            for it in taken {
                db.keep(it);
            }
            assert_eq!(db.lock().len(), kept, "of {connections}");
        }
    }

    #[tokio::test]
    async fn kept_connections_do_not_delay_closing() {
        let db = open(4).await;
        let connection = db.connection().await.unwrap();
        db.keep(connection);
        let late = db.connection().await.unwrap();
        db.keep(late);
        db.close().await;
        assert_eq!((db.size(), db.lock().len(), db.is_closed()), (0, 0, true));
        assert!(db.connection().await.is_err());
    }
}
