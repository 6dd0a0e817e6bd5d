//! Sessions as rows, behind tower-sessions' store.
//!
//! **Invariant:** only signing in creates a row. Every other write updates an existing row or does nothing,
//! so no request in flight brings an ended session back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error as StoreError, Result as StoreResult};

use super::lookup::Lookup;
use super::{SignedIn, impersonation};
use crate::args;
use crate::proof::server::{Methods, Proofs};
use crate::role::Permissions;
use crate::server::clock::SKEW;
use crate::server::config::{Config, SessionConfig, seconds};
use crate::server::db::Tx;
use crate::server::error::session_store_error;
use crate::server::timekeeper::TimeRange;
use crate::server::{Client, Clock, Db, Error, Timekeeper, digest::digest};
use crate::user::server::Owner;
use crate::user::server::UserId;

/// The keys under which tower-sessions stores the data that a session carries for its row.
pub(super) mod key {
    /// The row's new id, which the cookie must follow.
    pub const NEXT_ID: &str = "next_id";
    /// The user, read with the session and never written.
    pub const USER: &str = "user";
    /// The row's current `data`, so that the same data is not written again; never written itself.
    pub const WRITTEN: &str = "written";
    /// The keys that `data` does not hold.
    pub const TRANSIENT: [&str; 3] = [NEXT_ID, USER, WRITTEN];
}

/// The interval at which `seen_at` is written, in seconds.
const SEEN_EVERY: i64 = 60;

/// The `sessions` table.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    clock: Clock,
    timekeeper: Arc<Timekeeper>,
    limits: SessionConfig,
    /// The longest time for which an administrator may impersonate a user, in seconds.
    impersonation: i64,
    lookup: Lookup,
}

/// The times that decide whether an impersonation is over, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub now: i64,
    /// The latest end of an impersonation that began until now.
    pub last: i64,
    /// The earliest possible current time.
    pub earliest: i64,
}

/// A session that starts now.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    pub owner: &'a Owner,
    pub proofs: &'a Proofs,
    /// When the user proved their strongest second factor, in Unix seconds.
    pub confirmed_at: Option<i64>,
    pub remembered: bool,
    pub client: &'a Client,
}

const INSERT: &str = "
    INSERT INTO sessions
        (id, id_digest, user_id, epoch, data, address, browser, remembered, created_at, seen_at,
            authenticated_at, methods, expires_at, second_factor_at)
    VALUES ($1, $2, $3, $4, '{}', $5, $6, $7, $8, $8, $9, $10, $11, $12)";

/// Matches the session only if it is live: of this cookie, of the current epoch, not expired.
const REPLACE_DIGEST: &str = "
    UPDATE sessions
    SET id_digest = $1
    WHERE id = $2 AND id_digest = $3 AND expires_at > $4 AND seen_at <= $5
        AND epoch = (SELECT session_epoch FROM users u WHERE u.id = user_id)";

const UPDATE_DATA: &str = "
    UPDATE sessions
    SET data = $1
    WHERE id_digest = $2";

const TOUCH: &str = "
    UPDATE sessions
    SET seen_at = $1, expires_at = $2, address = $3
    WHERE id = $4 AND seen_at <= $5";

const METHODS: &str = "
    SELECT methods
    FROM sessions
    WHERE id = $1";

const AUTHENTICATED: &str = "
    UPDATE sessions
    SET authenticated_at = $1, methods = $2, second_factor_at = COALESCE($3, second_factor_at)
    WHERE id = $4";

const DELETE: &str = "
    DELETE FROM sessions
    WHERE id_digest = $1";

/// Deletes the sessions over the limit, starting with the one unseen for longest. Leaves expired sessions to
/// the sweep, which takes its locks in another order.
const MAKE_ROOM: &str = "
    DELETE FROM sessions
    WHERE user_id = $1 AND expires_at > $2 AND id NOT IN (
        SELECT s.id
        FROM sessions s
        WHERE s.user_id = $1 AND s.expires_at > $2
        ORDER BY s.seen_at DESC, s.id DESC
        LIMIT $3)";

/// Also deletes sessions that would outlive the longest limit: they began while a clock was ahead.
const DELETE_EXPIRED: &str = "
    DELETE FROM sessions
    WHERE expires_at <= $1 OR expires_at > $2";

impl Store {
    #[must_use]
    pub fn new(db: Db, timekeeper: Arc<Timekeeper>, config: &Config) -> Self {
        let clock = timekeeper.clock().clone();
        // One timeout for a connection and one for a lock.
        let time_limit = config.database.busy_timeout * 2;
        let lookup = Lookup::start(db.clone(), clock.clone(), time_limit);
        Self {
            lookup,
            db,
            clock,
            timekeeper,
            limits: config.session,
            impersonation: seconds(config.admin.impersonation),
        }
    }

    pub(super) const fn db(&self) -> &Db {
        &self.db
    }

    pub(super) fn impersonation_times(&self) -> Times {
        let now = self.clock.now();
        let last = now.saturating_add(self.impersonation + SKEW);
        Times { now, last, earliest: self.timekeeper.range().earliest }
    }

    /// Returns when a session seen at `seen_at` expires.
    fn expires_at(&self, created_at: i64, seen_at: i64, remembered: bool) -> i64 {
        let limit = self.limits.lifetime(remembered);
        let idle = seen_at.saturating_add(seconds(limit.idle));
        idle.min(created_at.saturating_add(seconds(limit.absolute)))
    }

    /// Returns the seconds until the absolute limit of a remembered session that began then, or begins now.
    pub(super) fn absolute_left(&self, created_at: Option<i64>) -> i64 {
        let limit = seconds(self.limits.remembered.absolute);
        let age = created_at.map_or(0, |at| self.clock.now().saturating_sub(at));
        limit.saturating_sub(age).max(0)
    }

    /// Records that a session was seen, at most once a minute. Does nothing if the clock was set back.
    pub async fn touch(&self, user: &SignedIn, client: &Client) -> Result<(), Error> {
        let now = self.clock.now();
        if now.saturating_sub(user.seen_at) < SEEN_EVERY {
            return Ok(());
        }
        let expires_at = self.expires_at(user.created_at, now, user.remembered);
        self.db
            .execute(
                TOUCH,
                args![now, expires_at, &client.ip_text, &user.session_id, now - SEEN_EVERY],
            )
            .await?;
        Ok(())
    }

    /// Gives the row of this cookie another id. Returns false if the session has ended meanwhile.
    pub(super) async fn rename(
        &self,
        tx: &mut Tx,
        row: &str,
        cookie: &Id,
        next: &Id,
    ) -> Result<bool, Error> {
        Ok(tx
            .execute(
                REPLACE_DIGEST,
                args![
                    digest(next.to_string()),
                    row,
                    digest(cookie.to_string()),
                    self.clock.now(),
                    self.clock.now() + SKEW
                ],
            )
            .await?
            == 1)
    }

    /// Adds proofs to a session, and records when the newest was made, and when one of the strongest second factor was.
    pub(super) async fn add_proofs(
        &self,
        tx: &mut Tx,
        row: &str,
        proofs: &Proofs,
        confirmed_at: Option<i64>,
    ) -> Result<(), Error> {
        let methods: String = tx.scalar(METHODS, args![row]).await?;
        let methods = Methods::from_words(&methods).and(proofs.methods());
        tx.execute(AUTHENTICATED, args![proofs.newest(), methods.words(), confirmed_at, row])
            .await?;
        Ok(())
    }

    /// Deletes expired sessions.
    pub async fn sweep(&self, time: TimeRange) -> Result<(), Error> {
        let last = time.latest.saturating_add(seconds(self.limits.longest()) + SKEW);
        self.db.execute(DELETE_EXPIRED, args![time.earliest, last]).await?;
        Ok(())
    }

    /// Ends sessions of the user until one more fits the limit, and returns how many it ended.
    pub(super) async fn make_room(&self, tx: &mut Tx, user_id: &UserId) -> Result<u64, Error> {
        let ended = tx
            .execute(
                MAKE_ROOM,
                args![user_id.as_str(), self.clock.now(), i64::from(self.limits.most_per_user) - 1],
            )
            .await?;
        if ended > 0 {
            impersonation::record_ended_in(self, tx, user_id.as_str()).await?;
        }
        Ok(ended)
    }

    /// Writes the row of a session that starts now.
    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        id: &Id,
        new: &NewSession<'_>,
    ) -> Result<(), Error> {
        let NewSession { owner, proofs, confirmed_at, remembered, client } = *new;
        let now = self.clock.now();
        tx.execute(
            INSERT,
            args![
                uuid::Uuid::now_v7().to_string(),
                digest(id.to_string()),
                owner.user_id.as_str(),
                owner.epoch,
                &client.ip_text,
                &client.user_agent,
                remembered,
                now,
                proofs.newest(),
                proofs.methods().words(),
                self.expires_at(now, now, remembered),
                confirmed_at
            ],
        )
        .await?;
        Ok(())
    }
}

/// Returns the part of a record that no column holds.
fn data_of(record: &Record) -> Result<String, serde_json::Error> {
    let rest: BTreeMap<_, _> =
        record.data.iter().filter(|(key, _)| !key::TRANSIENT.contains(&key.as_str())).collect();
    serde_json::to_string(&rest)
}

fn encode(record: &Record) -> StoreResult<String> {
    data_of(record).map_err(|error| StoreError::Encode(error.to_string()))
}

#[async_trait::async_trait]
impl SessionStore for Store {
    /// Takes the id of the row that was written or renamed; there is no other way to create a record.
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        let written = encode(record)?;
        let next = record.data.remove(key::NEXT_ID);
        record.data.insert(key::WRITTEN.to_owned(), Value::String(written));
        record.id = next
            .as_ref()
            .and_then(Value::as_str)
            .and_then(|it| it.parse().ok())
            .ok_or_else(|| StoreError::Decode("there is no id to follow".to_owned()))?;
        Ok(())
    }

    /// Updates the row. Without a row the session has ended, and nothing is written.
    async fn save(&self, record: &Record) -> StoreResult<()> {
        let data = encode(record)?;
        if record.data.get(key::WRITTEN).and_then(Value::as_str) == Some(&data) {
            return Ok(());
        }
        self.db
            .execute(UPDATE_DATA, args![data, digest(record.id.to_string())])
            .await
            .map(drop)
            .map_err(|error| session_store_error(&error))
    }

    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        let Some(row) = self.lookup.find(digest(id.to_string())).await? else { return Ok(None) };
        let decode = |error: serde_json::Error| StoreError::Decode(error.to_string());
        let mut data: HashMap<String, Value> = serde_json::from_str(&row.data).map_err(decode)?;
        let permissions = row.permissions.as_deref().unwrap_or_default().split(' ');
        let multi_factor_accounts = row.multi_factor_accounts();
        let user = SignedIn {
            session_id: row.id,
            user_id: row.user_id.into(),
            epoch: row.epoch,
            email: row.email,
            email_verified: row.email_verified_at.is_some(),
            display_name: row.display_name,
            password_changed_at: row.password_changed_at,
            linked_accounts: row.linked_accounts,
            sessions: row.sessions,
            created_at: row.created_at,
            seen_at: row.seen_at,
            authenticated_at: row.authenticated_at,
            second_factor_at: row.second_factor_at,
            multi_factor_accounts,
            factors: row.factors,
            second_factor_due_at: row.second_factor_due_at,
            remembered: row.remembered,
            permissions: Permissions::from_words(permissions),
            impersonator: None,
        };
        let user = if row.acting_as.is_some() {
            impersonation::resolve_impersonation(self, user)
                .await
                .map_err(|error| session_store_error(&error))?
        } else {
            user
        };
        data.insert(key::USER.to_owned(), serde_json::to_value(user).map_err(decode)?);
        data.insert(key::WRITTEN.to_owned(), Value::String(row.data));
        // The query checked the row's own limits; nothing reads this field.
        Ok(Some(Record { id: *id, data, expiry_date: OffsetDateTime::UNIX_EPOCH }))
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        self.db
            .execute(DELETE, args![digest(id.to_string())])
            .await
            .map(drop)
            .map_err(|error| session_store_error(&error))?;
        // An administrator may have impersonated a user in this session.
        impersonation::record_all_ended(self).await.map_err(|error| session_store_error(&error))
    }
}
