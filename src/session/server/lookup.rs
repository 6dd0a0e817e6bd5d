//! Finding sessions: requests that ask at the same moment share one query.
//!
//! Handing a query over costs several times what the database needs to answer it. Nothing is
//! remembered: each answer comes of a query that began after it was asked for, so a session that
//! has ended is found by nobody.

use std::collections::HashMap;

use tokio::sync::oneshot;
use tower_sessions::session_store::Result as StoreResult;

use crate::on;
use crate::server::error::session_store_error;
use crate::server::{Clock, Db};

/// A session and its user, as one query reads them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    id_digest: String,
    pub id: String,
    pub user_id: String,
    pub epoch: i64,
    pub data: String,
    pub remembered: bool,
    pub created_at: i64,
    pub seen_at: i64,
    pub email: Option<String>,
    pub display_name: String,
    pub password_changed_at: Option<i64>,
    pub linked_accounts: i64,
    pub sessions: i64,
}

/// How many sessions one query finds; as many as [`FIND`] has places for.
const AT_ONCE: usize = 16;

/// Places that are not needed hold what no digest is.
const FIND: &str = "
    SELECT s.id_digest, s.id, s.user_id, s.epoch, s.data, s.remembered, s.created_at, s.seen_at,
        u.email, u.display_name, p.changed_at AS password_changed_at,
        (SELECT COUNT(*) FROM linked_accounts l WHERE l.user_id = s.user_id) AS linked_accounts,
        (SELECT COUNT(*) FROM sessions o
            WHERE o.user_id = s.user_id AND o.epoch = s.epoch AND o.expires_at > $1) AS sessions
    FROM sessions s
    JOIN users u ON u.id = s.user_id AND u.session_epoch = s.epoch
    LEFT JOIN passwords p ON p.user_id = u.id
    WHERE s.expires_at > $1 AND s.id_digest IN
        ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

/// One request's question.
struct Ask {
    digest: String,
    answer: oneshot::Sender<StoreResult<Option<Row>>>,
}

/// Where requests ask.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    asks: flume::Sender<Ask>,
    db: Db,
    clock: Clock,
}

impl Lookup {
    /// Starts the task that answers; it ends with the last clone of what is returned.
    pub fn start(db: Db, clock: Clock) -> Self {
        let (asks, asked) = flume::unbounded();
        tokio::spawn(answer(db.clone(), clock.clone(), asked));
        Self { asks, db, clock }
    }

    /// The session whose cookie has this digest, if it lives.
    pub async fn find(&self, digest: String) -> StoreResult<Option<Row>> {
        let (answer, found) = oneshot::channel();
        // Where the task is gone, everybody asks for themselves.
        if self.asks.send(Ask { digest: digest.clone(), answer }).is_ok()
            && let Ok(found) = found.await
        {
            return found;
        }
        let found = find(&self.db, self.clock.now(), std::slice::from_ref(&digest)).await;
        found.map(|mut it| it.remove(&digest)).map_err(|error| session_store_error(&error))
    }
}

async fn answer(db: Db, clock: Clock, asked: flume::Receiver<Ask>) {
    while let Ok(first) = asked.recv_async().await {
        let mut asks = vec![first];
        asks.extend(asked.try_iter().take(AT_ONCE - 1));
        let digests: Vec<_> = asks.iter().map(|it| it.digest.clone()).collect();
        match find(&db, clock.now(), &digests).await {
            Ok(rows) => {
                for Ask { digest, answer } in asks {
                    // Whoever no longer waits needs no answer.
                    let _ = answer.send(Ok(rows.get(&digest).cloned()));
                }
            }
            Err(error) => {
                // Those who came meanwhile would only wait for the same again.
                for Ask { answer, .. } in asks.into_iter().chain(asked.drain()) {
                    let _ = answer.send(Err(session_store_error(&error)));
                }
            }
        }
    }
}

/// The sessions that live of these digests, at most [`AT_ONCE`].
async fn find(db: &Db, now: i64, digests: &[String]) -> sqlx::Result<HashMap<String, Row>> {
    let places = (0..AT_ONCE).map(|n| digests.get(n).map_or("", String::as_str));
    let rows: Vec<Row> = on!(db, db => {
        let query = sqlx::query_as(FIND).bind(now);
        places.fold(query, sqlx::query::QueryAs::bind).fetch_all(db).await
    })?;
    Ok(rows.into_iter().map(|row| (row.id_digest.clone(), row)).collect())
}
