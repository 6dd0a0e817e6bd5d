//! The `sign_in_attempts` table: sign-ins, reauthentications and links that still need proofs. An
//! attempt is never a session; only [`advance`](super::advance) completes one.

use serde::{Deserialize, Serialize};

use crate::args;
use crate::paths::{reauthentication_path, sign_in_path};
use crate::proof::server::Proofs;
use crate::record;
use crate::return_to::ReturnTo;
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::feature::AppCookie;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::session::server::SignedIn;
use crate::user::server::Owner;

/// How long an attempt waits for its next proof, in seconds.
pub const LIFETIME: i64 = 600;

const LINKED_ACCOUNTS: &str = "/dashboard/linked-accounts";

/// The purpose of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Starts a session.
    SignIn { return_to: ReturnTo, remembered: bool },
    /// Makes the signed-in user's session fresh.
    Reauthenticate { return_to: ReturnTo },
    /// Links a provider account with which the signed-in user can then sign in.
    Link,
}

impl Intent {
    /// Creates the intent to sign in and then open the page that a form names as `next`.
    #[must_use]
    pub fn sign_in(next: &str, remembered: bool) -> Self {
        Self::SignIn { return_to: ReturnTo::from_query(next), remembered }
    }

    /// Creates the intent to confirm the user's identity and then open the page in `next`.
    #[must_use]
    pub fn reauthenticate(next: &str) -> Self {
        Self::Reauthenticate { return_to: ReturnTo::from_query(next) }
    }

    /// Returns the page to open when the attempt is done.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::SignIn { return_to, .. } | Self::Reauthenticate { return_to } => return_to.path(),
            Self::Link => LINKED_ACCOUNTS,
        }
    }

    /// Returns the page on which the attempt started and which shows why it was refused.
    #[must_use]
    pub fn page(&self) -> String {
        match self {
            Self::SignIn { return_to, .. } => sign_in_path(return_to.path()),
            Self::Reauthenticate { return_to } => reauthentication_path(return_to.path()),
            Self::Link => LINKED_ACCOUNTS.to_owned(),
        }
    }

    /// Returns the sign-in page that leads to the linked accounts, to link another one there.
    #[must_use]
    pub fn page_to_link() -> String {
        sign_in_path(LINKED_ACCOUNTS)
    }
}

/// An attempt, stored as a row while it waits for a proof in another request.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub intent: Intent,
    /// The user whose proofs count; `None` until the user is known.
    pub expected: Option<Owner>,
    pub proofs: Proofs,
}

const INSERT: &str = "
    INSERT INTO sign_in_attempts (id, browser_digest, user_id, epoch, proofs, intent, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// The only statement that uses up an attempt: of several concurrent requests, one gets it. An
/// expiry too far ahead was written before a clock was set back.
const TAKE: &str = "
    DELETE FROM sign_in_attempts
    WHERE id = $1 AND browser_digest = $2 AND expires_at > $3 AND expires_at <= $4
    RETURNING user_id, epoch, proofs, intent";

const FIND: &str = "
    SELECT id, user_id, epoch, proofs, intent
    FROM sign_in_attempts
    WHERE browser_digest = $1 AND user_id IS NOT NULL AND expires_at > $2 AND expires_at <= $3";

const COUNT_OF_KEY: &str = "
    SELECT COUNT(*)
    FROM sign_in_attempts
    WHERE browser_digest = $1";

const LOCK: &str = "
    UPDATE sign_in_attempts
    SET intent = intent
    WHERE id = $1";

const SET_OWNER: &str = "
    UPDATE sign_in_attempts
    SET user_id = $1, epoch = $2
    WHERE id = $3 AND user_id IS NULL";

const DELETE_EXPIRED: &str = "
    DELETE FROM sign_in_attempts
    WHERE expires_at <= $1 OR expires_at > $2";

record! {
    struct Row {
        user_id: Option<String>,
        epoch: Option<i64>,
        proofs: String,
        intent: String,
    }
}

impl Row {
    fn attempt(self) -> Result<Attempt, serde_json::Error> {
        let owner = |(id, epoch): (String, i64)| Owner { user_id: id.into(), epoch };
        Ok(Attempt {
            intent: serde_json::from_str(&self.intent)?,
            expected: self.user_id.zip(self.epoch).map(owner),
            proofs: serde_json::from_str(&self.proofs)?,
        })
    }
}

impl Attempt {
    /// Starts an attempt whose user is not known yet.
    #[must_use]
    pub fn new(intent: Intent) -> Self {
        Self { intent, expected: None, proofs: Proofs::default() }
    }

    /// Starts an attempt for the signed-in user.
    #[must_use]
    pub fn of(intent: Intent, user: &SignedIn) -> Self {
        let owner = Owner { user_id: user.user_id.clone(), epoch: user.epoch };
        Self { expected: Some(owner), ..Self::new(intent) }
    }

    /// Stores the attempt for the browser with this key, for `lifetime` seconds, and returns its id.
    pub async fn store(
        &self,
        app: &App,
        tx: &mut Tx,
        browser: &str,
        lifetime: i64,
    ) -> Result<String, Error> {
        let id = uuid::Uuid::now_v7().to_string();
        tx.execute(
            INSERT,
            args![
                &id,
                digest(browser),
                self.expected.as_ref().map(|it| it.user_id.as_str()),
                self.expected.as_ref().map(|it| it.epoch),
                serde_json::to_string(&self.proofs)?,
                serde_json::to_string(&self.intent)?,
                app.clock.now() + lifetime
            ],
        )
        .await?;
        Ok(id)
    }

    /// Takes the attempt, once, and deletes the rows that depend on it. Returns `None` if the
    /// attempt is another browser's, used, expired, or written by a version that can't be read.
    pub async fn take(
        app: &App,
        tx: &mut Tx,
        id: &str,
        browser: &str,
    ) -> Result<Option<Self>, Error> {
        let now = app.clock.now();
        let row: Option<Row> = tx
            .fetch_optional(TAKE, args![id, digest(browser), now, latest_attempt_expiry(app, now)])
            .await?;
        Ok(row.and_then(|it| it.attempt().ok()))
    }
}

/// An attempt that waits for a second factor.
#[derive(Clone, Debug)]
pub struct PendingAttempt {
    pub id: String,
    /// The user whom the first factor identified.
    pub owner: Owner,
    /// What the user has proven.
    pub proofs: Proofs,
}

/// Binds a pending attempt to this browser.
pub static PENDING_SIGN_IN: AppCookie = AppCookie::for_token("portcullis-attempt", |app, key| {
    Box::pin(async move { has_attempt(app, &pending_key(key)).await })
});

impl PendingAttempt {
    /// Takes the attempt, once. Returns `None` if it was used or has expired since.
    pub async fn take(&self, cx: &Context, tx: &mut Tx) -> Result<Option<Attempt>, Error> {
        let cookie = cx.get(&PENDING_SIGN_IN).unwrap_or_default();
        Attempt::take(&cx.app, tx, &self.id, &pending_key(&cookie)).await
    }
}

/// Returns the key of a pending attempt. With the prefix, no other cookie's value names one.
pub(super) fn pending_key(cookie: &str) -> String {
    format!("second factor {cookie}")
}

/// Returns this browser's sign-in that waits for a second factor. It stays stored.
pub async fn find_pending(cx: &Context) -> Result<Option<PendingAttempt>, Error> {
    let Some(cookie) = cx.get(&PENDING_SIGN_IN) else { return Ok(None) };
    let (app, now) = (&cx.app, cx.app.clock.now());
    let digest = digest(pending_key(&cookie));
    let found: Option<PendingRow> =
        app.db.fetch_optional(FIND, args![digest, now, latest_attempt_expiry(app, now)]).await?;
    Ok(found.and_then(PendingRow::sign_in))
}

record! {
    struct PendingRow {
        id: String,
        user_id: Option<String>,
        epoch: Option<i64>,
        proofs: String,
        intent: String,
    }
}

impl PendingRow {
    /// Returns the attempt if it is a sign-in whose first factor was proven.
    fn sign_in(self) -> Option<PendingAttempt> {
        let Self { id, user_id, epoch, proofs, intent } = self;
        let attempt = Row { user_id, epoch, proofs, intent }.attempt().ok()?;
        let is_sign_in = matches!(attempt.intent, Intent::SignIn { .. });
        let owner = attempt.expected?;
        (is_sign_in && attempt.proofs.has_first_factor()).then_some(PendingAttempt {
            id,
            owner,
            proofs: attempt.proofs,
        })
    }
}

/// Returns whether an attempt is stored for the browser with this key.
pub async fn has_attempt(app: &App, key: &str) -> Result<bool, Error> {
    let attempts: i64 = app.db.scalar(COUNT_OF_KEY, args![digest(key)]).await?;
    Ok(attempts > 0)
}

/// Returns the latest possible expiry of attempts that started by `now`.
#[must_use]
pub fn latest_attempt_expiry(app: &App, now: i64) -> i64 {
    now + LIFETIME.max(seconds(app.config.tickets.sign_in)) + SKEW
}

/// Locks an attempt until the transaction ends; returns false if it is gone. Lock it before the
/// rows that depend on it: the sweep uses the same order.
pub async fn lock(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    Ok(tx.execute(LOCK, args![id]).await? == 1)
}

/// Sets the user whose proofs an attempt waits for, unless one is set.
pub async fn set_owner(tx: &mut Tx, id: &str, owner: &Owner) -> Result<(), Error> {
    tx.execute(SET_OWNER, args![owner.user_id.as_str(), owner.epoch, id]).await?;
    Ok(())
}

/// Deletes expired attempts and the rows that depend on them.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    app.db
        .execute(DELETE_EXPIRED, args![time.earliest, latest_attempt_expiry(app, time.latest)])
        .await?;
    Ok(())
}
