//! The `users` table.

pub mod expiry;
pub mod lifecycle;
pub mod search;
pub mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DisplayName, Email};
use crate::args;
use crate::error::AccessProblem;
use crate::record;
use crate::server::Error;
use crate::server::db::Tx;

/// A user's id: a UUIDv7 (RFC 9562, section 5.7) as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for UserId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user, as of the time when a sign-in method or attempt identified them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub user_id: UserId,
    /// How often all of the user's sessions had been ended by then. For a password it is read before the
    /// password is checked: a proof made with an old password must not start a session after the password
    /// changed.
    pub epoch: i64,
}

/// An email address, and whether it is verified.
#[derive(Clone, Copy, Debug)]
pub struct UserEmail<'a> {
    pub email: &'a Email,
    pub is_verified: bool,
}

/// The no-op update makes a taken email address cost the same as a new one: a transaction that writes.
const INSERT: &str = "
    INSERT INTO users (id, email, email_key, email_verified_at, display_name, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (email_key) DO UPDATE SET email_key = excluded.email_key
    RETURNING id";

const RENAME: &str = "
    UPDATE users
    SET display_name = $1, updated_at = $2
    WHERE id = $3";

/// Locks the row, so that writers of one user run one after the other and see the same data.
const LOCK: &str = "
    UPDATE users
    SET updated_at = updated_at
    WHERE id = $1
    RETURNING email, email_verified_at, display_name, session_epoch, disabled_at, disabled_until,
        deletes_at, deleted_by, revision, reviews_access";

const COUNT_VERIFIED: &str = "
    SELECT COUNT(*)
    FROM users
    WHERE email_key = $1 AND email_verified_at IS NOT NULL";

const FIND_BY_EMAIL: &str = "
    SELECT id, email
    FROM users
    WHERE email_key = $1";

/// A user who verifies an email address takes it from a user who never verified it.
const DISPLACE: &str = "
    UPDATE users
    SET email = NULL, email_key = NULL
    WHERE email_key = $1 AND id <> $2 AND email_verified_at IS NULL
    RETURNING id";

/// Changes nothing if another user has the email address.
const SET_EMAIL: &str = "
    UPDATE users
    SET email = $1, email_key = $2, email_verified_at = $3, updated_at = $3
    WHERE id = $4 AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = $2 AND o.id <> $4)";

const MARK_SIGNED_UP: &str = "
    UPDATE users
    SET signed_up = TRUE
    WHERE id = $1";

const MARK_USED: &str = "
    UPDATE users
    SET last_used_at = $1
    WHERE id = $2";

/// A handle never changes while there are passkeys: authenticators keep it.
const SET_PASSKEY_HANDLE: &str = "
    UPDATE users
    SET passkey_handle = COALESCE(passkey_handle, $1)
    WHERE id = $2
    RETURNING passkey_handle";

const MARK_PASSKEY_OFFERED: &str = "
    UPDATE users
    SET passkey_offered_at = $1
    WHERE id = $2 AND NOT declines_passkeys
        AND (passkey_offered_at IS NULL OR passkey_offered_at <= $3 OR passkey_offered_at > $4)";

const DECLINE_PASSKEYS: &str = "
    UPDATE users
    SET declines_passkeys = TRUE
    WHERE id = $1";

const CLEAR_PASSKEY_HANDLE: &str = "
    UPDATE users
    SET passkey_handle = NULL
    WHERE id = $1";

const FIND_PASSKEY_HANDLE: &str = "
    SELECT passkey_handle
    FROM users
    WHERE id = $1 AND passkey_handle IS NOT NULL";

/// A user's email address and the state of the account.
#[derive(Clone, Debug)]
pub struct LockedUser {
    pub email: Option<Email>,
    pub is_verified: bool,
    /// Empty if the user has chosen none.
    pub display_name: String,
    /// How often all of the user's sessions were ended.
    pub epoch: i64,
    pub disabled_at: Option<i64>,
    pub disabled_until: Option<i64>,
    /// When the account is deleted.
    pub deletes_at: Option<i64>,
    pub deleted_by: String,
    /// The number of changes by administrators.
    pub revision: i64,
    /// Whether the password was reset by mail since the user last signed in with it.
    pub reviews_access: bool,
}

impl LockedUser {
    /// Returns whether an administrator has disabled the user or scheduled the account's deletion.
    #[must_use]
    pub fn is_blocked(&self, now: i64) -> bool {
        let is_disabled =
            self.disabled_at.is_some() && self.disabled_until.is_none_or(|it| it > now);
        is_disabled || self.deletes_at.is_some() && !self.deleted_by.is_empty()
    }
}

record! {
    struct LockedUserRow {
        email: Option<String>,
        email_verified_at: Option<i64>,
        display_name: String,
        session_epoch: i64,
        disabled_at: Option<i64>,
        disabled_until: Option<i64>,
        deletes_at: Option<i64>,
        deleted_by: String,
        revision: i64,
        reviews_access: bool,
    }
}

/// Locks the user's row until the transaction ends.
pub async fn lock_user(tx: &mut Tx, id: &UserId) -> Result<LockedUser, Error> {
    let found: Option<LockedUserRow> = tx.fetch_optional(LOCK, args![id.as_str()]).await?;
    let row = found.ok_or(AccessProblem::Unauthenticated)?;
    Ok(LockedUser {
        email: row.email.and_then(|it| it.parse().ok()),
        is_verified: row.email_verified_at.is_some(),
        display_name: row.display_name,
        epoch: row.session_epoch,
        disabled_at: row.disabled_at,
        disabled_until: row.disabled_until,
        deletes_at: row.deletes_at,
        deleted_by: row.deleted_by,
        revision: row.revision,
        reviews_access: row.reviews_access,
    })
}

/// Finds the user with this email address, and the email address as its owner writes it.
pub async fn find_by_email(tx: &mut Tx, key: &str) -> Result<Option<(UserId, Email)>, Error> {
    let found: Option<(String, String)> = tx.fetch_optional(FIND_BY_EMAIL, args![key]).await?;
    Ok(found.and_then(|(id, email)| Some((id.into(), email.parse().ok()?))))
}

/// Returns whether a user has verified this email address.
pub async fn is_verified(tx: &mut Tx, email: &Email) -> Result<bool, Error> {
    let found: i64 = tx.scalar(COUNT_VERIFIED, args![email.key()]).await?;
    Ok(found > 0)
}

/// Gives the user a verified email address. Returns false if another user has verified it too.
pub async fn set_email(tx: &mut Tx, id: &UserId, email: &Email, now: i64) -> Result<bool, Error> {
    let displaced: Option<String> =
        tx.scalar_optional(DISPLACE, args![email.key(), id.as_str()]).await?;
    if let Some(displaced) = displaced {
        words::write(tx, &displaced.into()).await?;
    }
    let set = tx.execute(SET_EMAIL, args![email.as_str(), email.key(), now, id.as_str()]).await;
    match set {
        Ok(1) => words::write(tx, id).await.map(|()| true),
        Ok(_) => Ok(false),
        // A concurrent transaction set it first.
        Err(Error::Database(sqlx::Error::Database(it))) if it.is_unique_violation() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Marks a user as self-registered. The account is deleted if its email address stays unverified and it is
/// not used.
pub async fn mark_signed_up(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(MARK_SIGNED_UP, args![id.as_str()]).await?;
    Ok(())
}

/// Records when a user last signed in or restored the account, and locks the user's row until the transaction
/// ends.
pub async fn mark_used(tx: &mut Tx, id: &UserId, now: i64) -> Result<(), Error> {
    tx.execute(MARK_USED, args![now, id.as_str()]).await?;
    Ok(())
}

/// Creates a user. Returns `None` if another user has the email address.
pub async fn insert(
    tx: &mut Tx,
    address: Option<UserEmail<'_>>,
    display_name: &str,
    now: i64,
) -> Result<Option<UserId>, Error> {
    let id = uuid::Uuid::now_v7().to_string();
    let email = address.map(|it| it.email);
    let verified_at = address.filter(|it| it.is_verified).map(|_| now);
    let stored: String = tx
        .scalar(
            INSERT,
            args![
                &id,
                email.map(Email::as_str),
                email.map(Email::key),
                verified_at,
                display_name,
                now
            ],
        )
        .await?;
    if stored != id {
        return Ok(None);
    }
    let id = UserId::from(id);
    words::write(tx, &id).await?;
    Ok(Some(id))
}

/// Changes the name of a user whose row is locked.
pub async fn rename(tx: &mut Tx, id: &UserId, name: &DisplayName, now: i64) -> Result<(), Error> {
    tx.execute(RENAME, args![name.as_str(), now, id.as_str()]).await?;
    words::write(tx, id).await
}

/// Returns the handle by which passkeys know a user whose row is locked. The first call sets it.
pub async fn set_passkey_handle(tx: &mut Tx, id: &UserId, handle: &str) -> Result<String, Error> {
    tx.scalar(SET_PASSKEY_HANDLE, args![handle, id.as_str()]).await
}

/// Forgets the handle of a user all of whose passkeys were deleted: the next passkey may bring its own.
pub async fn clear_passkey_handle(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(CLEAR_PASSKEY_HANDLE, args![id.as_str()]).await?;
    Ok(())
}

/// Returns the handle by which passkeys know a user; `None` until one is first requested.
pub async fn find_passkey_handle(tx: &mut Tx, id: &UserId) -> Result<Option<String>, Error> {
    tx.scalar_optional(FIND_PASSKEY_HANDLE, args![id.as_str()]).await
}

/// Records that a user's browser is asked to create a passkey by itself. Returns false if it was asked since
/// `earliest`, or if the user removed such a passkey. A time after `latest` dates from before a clock was set back.
pub async fn mark_passkey_offered(
    tx: &mut Tx,
    id: &UserId,
    now: i64,
    (earliest, latest): (i64, i64),
) -> Result<bool, Error> {
    Ok(tx.execute(MARK_PASSKEY_OFFERED, args![now, id.as_str(), earliest, latest]).await? == 1)
}

/// Records that a user removed a passkey that the browser had created by itself.
pub async fn decline_passkeys(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(DECLINE_PASSKEYS, args![id.as_str()]).await?;
    Ok(())
}
