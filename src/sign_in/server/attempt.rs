//! The `sign_in_attempts` table: what a browser is about to prove, and what for. An attempt is never a
//! session, and only [`advance`](super::advance) turns one into something.

use serde::{Deserialize, Serialize};

use crate::address::{reauthentication_path, sign_in_path};
use crate::args;
use crate::proof::server::Proofs;
use crate::record;
use crate::return_to::ReturnTo;
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::timekeeper::Range;
use crate::server::{App, Error};
use crate::session::server::SignedIn;
use crate::user::server::Owner;

/// How long an attempt waits for its next proof, in seconds.
pub const LIFETIME: i64 = 600;

/// The page of linked accounts.
const LINKED_ACCOUNTS: &str = "/dashboard/linked-accounts";

/// What the proofs of an attempt are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// A new session.
    SignIn { return_to: ReturnTo, remembered: bool },
    /// A fresh session for the user who is signed in.
    Reauthenticate { return_to: ReturnTo },
    /// An account at a provider that the user who is signed in can sign in with.
    Link,
}

impl Intent {
    /// To sign in, and go on to what a form names as `next`.
    #[must_use]
    pub fn sign_in(next: &str, remembered: bool) -> Self {
        Self::SignIn { return_to: ReturnTo::from_query(next), remembered }
    }

    /// To confirm an identity, and go on to what a form names as `next`.
    #[must_use]
    pub fn reauthenticate(next: &str) -> Self {
        Self::Reauthenticate { return_to: ReturnTo::from_query(next) }
    }

    /// Where the browser goes once the attempt is done.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::SignIn { return_to, .. } | Self::Reauthenticate { return_to } => {
                return_to.address()
            }
            Self::Link => LINKED_ACCOUNTS,
        }
    }

    /// The page on which it began, and which says why it was refused.
    #[must_use]
    pub fn page(&self) -> String {
        match self {
            Self::SignIn { return_to, .. } => sign_in_path(return_to.address()),
            Self::Reauthenticate { return_to } => reauthentication_path(return_to.address()),
            Self::Link => LINKED_ACCOUNTS.to_owned(),
        }
    }

    /// Where the owner of an account signs in to link another to it.
    #[must_use]
    pub fn page_to_link() -> String {
        sign_in_path(LINKED_ACCOUNTS)
    }
}

/// An attempt: kept as a row while it waits for a method in another request.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub intent: Intent,
    /// Whose proofs count; `None` until the user is known.
    pub expected: Option<Owner>,
    pub proofs: Proofs,
}

const INSERT: &str = "
    INSERT INTO sign_in_attempts (id, browser_digest, user_id, epoch, proofs, intent, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// The one place where an attempt is used: of many at once, one finds it. One that would live longer
/// than any is from before a clock was set back.
const TAKE: &str = "
    DELETE FROM sign_in_attempts
    WHERE id = $1 AND browser_digest = $2 AND expires_at > $3 AND expires_at <= $4
    RETURNING user_id, epoch, proofs, intent";

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
    /// An attempt of whoever proves who they are.
    #[must_use]
    pub fn new(intent: Intent) -> Self {
        Self { intent, expected: None, proofs: Proofs::default() }
    }

    /// An attempt of the user who is signed in.
    #[must_use]
    pub fn of(intent: Intent, user: &SignedIn) -> Self {
        let owner = Owner { user_id: user.user_id.clone(), epoch: user.epoch };
        Self { expected: Some(owner), ..Self::new(intent) }
    }

    /// Writes it down for the browser that holds this key, for so many seconds, and returns its id.
    pub async fn keep(
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

    /// Takes it, once, and with it whatever waits for it; `None` if it is another browser's, used, expired
    /// or of a version that can't be read.
    pub async fn take(
        app: &App,
        tx: &mut Tx,
        id: &str,
        browser: &str,
    ) -> Result<Option<Self>, Error> {
        let now = app.clock.now();
        let row: Option<Row> =
            tx.fetch_optional(TAKE, args![id, digest(browser), now, last_end(app, now)]).await?;
        Ok(row.and_then(|it| it.attempt().ok()))
    }
}

/// Whether an attempt waits for the browser that holds this key.
pub async fn is_key(app: &App, key: &str) -> Result<bool, Error> {
    let attempts: i64 = app.db.scalar(COUNT_OF_KEY, args![digest(key)]).await?;
    Ok(attempts > 0)
}

/// When an attempt ends at the latest that began until `now`.
#[must_use]
pub fn last_end(app: &App, now: i64) -> i64 {
    now + LIFETIME.max(seconds(app.config.tickets.sign_in)) + SKEW
}

/// Locks an attempt until the transaction ends, before anything that waits for it is locked: a sweep takes
/// them in the same order. False if it is gone.
pub async fn lock(tx: &mut Tx, id: &str) -> Result<bool, Error> {
    Ok(tx.execute(LOCK, args![id]).await? == 1)
}

/// Notes whose proofs an attempt waits for, once that is known.
pub async fn set_owner(tx: &mut Tx, id: &str, owner: &Owner) -> Result<(), Error> {
    tx.execute(SET_OWNER, args![owner.user_id.as_str(), owner.epoch, id]).await?;
    Ok(())
}

/// Deletes what has expired, and with it whatever waits for it.
pub async fn sweep(app: &App, time: Range) -> Result<(), Error> {
    app.db.execute(DELETE_EXPIRED, args![time.earliest, last_end(app, time.latest)]).await?;
    Ok(())
}
