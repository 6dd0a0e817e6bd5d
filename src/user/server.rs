//! The `users` table.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DisplayName, Email};
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::{in_tx, on};

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

/// A user as a method proved them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    pub user_id: UserId,
    /// How often all their sessions had been ended by then. It is read before a password is checked:
    /// what was proven with one of before must not outlive its change. For a provider it is read
    /// when the account is found.
    pub epoch: i64,
}

/// An address, and whether somebody has vouched for it.
#[derive(Clone, Copy, Debug)]
pub struct Address<'a> {
    pub email: &'a Email,
    pub is_verified: bool,
}

/// The no-op update makes a taken address cost what a new one does: a transaction that writes.
const INSERT: &str = "
    INSERT INTO users (id, email, email_key, email_verified_at, display_name, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (email_key) DO UPDATE SET email_key = excluded.email_key
    RETURNING id";

const RENAME: &str = "
    UPDATE users
    SET display_name = $1, updated_at = $2
    WHERE id = $3";

/// Makes a user; `None` where the address belongs to one already.
pub async fn insert(
    tx: &mut Tx,
    address: Option<Address<'_>>,
    display_name: &str,
    now: i64,
) -> Result<Option<UserId>, Error> {
    let id = uuid::Uuid::now_v7().to_string();
    let email = address.map(|it| it.email);
    let verified_at = address.filter(|it| it.is_verified).map(|_| now);
    let stored: String = in_tx!(tx, c => sqlx::query_scalar(INSERT)
        .bind(&id)
        .bind(email.map(Email::as_str))
        .bind(email.map(Email::key))
        .bind(verified_at)
        .bind(display_name)
        .bind(now)
        .fetch_one(c)
        .await)?;
    Ok((stored == id).then(|| id.into()))
}

/// Gives the user another name.
pub async fn rename(app: &App, id: &UserId, name: &DisplayName) -> Result<(), Error> {
    on!(&app.db, db => sqlx::query(RENAME)
        .bind(name.as_str())
        .bind(app.clock.now())
        .bind(id.as_str())
        .execute(db)
        .await
        .map(drop))?;
    Ok(())
}
