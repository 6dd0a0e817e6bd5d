//! Finds sessions. Requests that arrive at the same time share one query.
//!
//! Sending a query costs several times what the database needs to run it. Nothing is cached: a session is
//! found only by a query that began after the request asked for it, so an ended session is never found.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tower_sessions::session_store::Result as StoreResult;

use crate::args;
use crate::proof::server::Methods;
use crate::record;
use crate::server::clock::SKEW;
use crate::server::db::value::Value;
use crate::server::error::session_store_error;
use crate::server::{Clock, Db, Error};

record! {
    /// A session and its user, read by one query.
    #[derive(Clone, Debug)]
    pub(super) struct Row {
        id_digest: String,
        pub id: String,
        pub user_id: String,
        pub epoch: i64,
        pub data: String,
        pub remembered: bool,
        pub created_at: i64,
        pub seen_at: i64,
        pub authenticated_at: i64,
        pub second_factor_at: Option<i64>,
        pub methods: String,
        /// The provider and the issuer of each linked account that has proved two factors, all separated by spaces.
        pub multi_factor_accounts: Option<String>,
        pub factors: i64,
        pub second_factor_due_at: Option<i64>,
        pub email: Option<String>,
        pub email_verified_at: Option<i64>,
        pub display_name: String,
        pub password_changed_at: Option<i64>,
        pub linked_accounts: i64,
        pub sessions: i64,
        /// The permissions of all the user's roles, separated by spaces.
        pub permissions: Option<String>,
        pub acting_as: Option<String>,
    }
}

impl Row {
    /// Returns the provider and the issuer of each linked account with which this session has proved two factors.
    pub fn multi_factor_accounts(&self) -> Vec<(String, String)> {
        let Some(accounts) = &self.multi_factor_accounts else { return Vec::new() };
        let methods = Methods::from_words(&self.methods);
        let mut words = accounts.split(' ').map(str::to_owned);
        let pairs = std::iter::from_fn(|| Some((words.next()?, words.next()?)));
        pairs.filter(|(name, _)| methods.include_multi_factor_provider(name)).collect()
    }
}

/// The number of sessions that one query finds at most: [`FIND`] has as many placeholders.
const AT_ONCE: usize = 16;

/// Unused placeholders hold a value that is no digest. A session seen in the future dates from before a clock
/// was set back, and would outlive its limits.
const FIND: &str = "
    SELECT s.id_digest, s.id, s.user_id, s.epoch, s.data, s.remembered, s.created_at, s.seen_at,
        s.authenticated_at, s.second_factor_at, s.methods, u.second_factor_due_at, u.email, u.email_verified_at,
        u.display_name, p.changed_at AS password_changed_at,
        (SELECT COUNT(*) FROM authenticator_apps f
            WHERE f.user_id = s.user_id AND f.removed_at IS NULL)
        + (SELECT COUNT(*) FROM passkeys k
            WHERE k.user_id = s.user_id AND k.removed_at IS NULL AND NOT k.is_automatic) AS factors,
        (SELECT COUNT(*) FROM linked_accounts l WHERE l.user_id = s.user_id) AS linked_accounts,
        (SELECT STRING_AGG(m.provider || ' ' || m.issuer, ' ') FROM linked_accounts m
            WHERE m.user_id = s.user_id AND m.is_multi_factor) AS multi_factor_accounts,
        (SELECT COUNT(*) FROM sessions o
            WHERE o.user_id = s.user_id AND o.epoch = s.epoch AND o.expires_at > $1
                AND o.seen_at <= $18) AS sessions,
        (SELECT STRING_AGG(g.permission, ' ') FROM user_roles r
            JOIN role_permissions g ON g.role_id = r.role_id
            WHERE r.user_id = s.user_id) AS permissions,
        s.acting_as
    FROM sessions s
    JOIN users u ON u.id = s.user_id AND u.session_epoch = s.epoch
    LEFT JOIN passwords p ON p.user_id = u.id
    WHERE s.expires_at > $1 AND s.seen_at <= $18 AND s.id_digest IN
        ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

/// A request for one session.
struct SessionRequest {
    digest: String,
    reply: oneshot::Sender<StoreResult<Option<Row>>>,
}

/// The handle through which requests find their sessions.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    requests: mpsc::UnboundedSender<SessionRequest>,
    db: Db,
    clock: Clock,
}

impl Lookup {
    /// Starts the task that runs the queries; it ends with the last clone of the returned handle. A query
    /// that takes longer than `time_limit` counts as an unresponsive database: no request waits behind it.
    pub fn start(db: Db, clock: Clock, time_limit: Duration) -> Self {
        let (requests, receiver) = mpsc::unbounded_channel();
        let lookup = Self { requests, db, clock };
        tokio::spawn(run_queries(lookup.db.clone(), lookup.clock.clone(), time_limit, receiver));
        lookup
    }

    /// Finds the live session whose cookie has this digest.
    pub async fn find(&self, digest: String) -> StoreResult<Option<Row>> {
        let (reply, found) = oneshot::channel();
        if self.requests.send(SessionRequest { digest: digest.clone(), reply }).is_ok()
            && let Ok(found) = found.await
        {
            return found;
        }
        // The shared query or its task failed, so this request runs its own query.
        let found = find(&self.db, self.clock.now(), std::slice::from_ref(&digest)).await;
        found.map(|mut it| it.remove(&digest)).map_err(|error| session_store_error(&error))
    }
}

async fn run_queries(
    db: Db,
    clock: Clock,
    time_limit: Duration,
    mut receiver: mpsc::UnboundedReceiver<SessionRequest>,
) {
    let mut requests = Vec::new();
    while receiver.recv_many(&mut requests, AT_ONCE).await > 0 {
        // Drop requests that no longer wait.
        requests.retain(|it| !it.reply.is_closed());
        let digests: Vec<_> = requests.iter().map(|it| it.digest.clone()).collect();
        let query = find(&db, clock.now(), &digests);
        match timeout(time_limit, query).await.unwrap_or(Err(sqlx::Error::PoolTimedOut.into())) {
            Ok(rows) => {
                for SessionRequest { digest, reply } in requests.drain(..) {
                    let _ = reply.send(Ok(rows.get(&digest).cloned()));
                }
            }
            Err(error) => {
                let is_unresponsive = matches!(error, Error::Database(sqlx::Error::PoolTimedOut));
                if is_unresponsive {
                    // Requests that arrived meanwhile would only wait for the same timeout.
                    while let Ok(request) = receiver.try_recv() {
                        requests.push(request);
                    }
                }
                // Any other error may concern one connection or one row. To keep requests independent, they
                // get no reply, and each runs its own query.
                let is_shared = is_unresponsive || requests.len() == 1;
                for SessionRequest { reply, .. } in requests.drain(..).filter(|_| is_shared) {
                    let _ = reply.send(Err(session_store_error(&error)));
                }
            }
        }
    }
}

/// Returns the live sessions with these digests, at most [`AT_ONCE`].
async fn find(db: &Db, now: i64, digests: &[String]) -> Result<HashMap<String, Row>, Error> {
    let mut args = args![now];
    args.extend((0..AT_ONCE).map(|n| Value::from(digests.get(n).map_or("", String::as_str))));
    args.push(Value::from(now + SKEW));
    let rows: Vec<Row> = db.fetch_all(FIND, args).await?;
    Ok(rows.into_iter().map(|row| (row.id_digest.clone(), row)).collect())
}
