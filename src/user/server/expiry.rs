//! The rows of users whose time is over.

use super::UserId;
use crate::args;
use crate::server::Error;
use crate::server::clock::SKEW;
use crate::server::db::{Db, Tx};

const DELETE_DUE: &str = "
    DELETE FROM users
    WHERE deletes_at <= $1
    RETURNING id";

/// Self-registered, unverified and long unused accounts to which no link and no mail leads back. Users
/// created another way are excluded.
macro_rules! unused {
    ($begin:literal, $end:literal) => {
        concat!(
            $begin,
            " email_verified_at IS NULL AND deletes_at IS NULL AND created_at <= $1
                AND (disabled_at IS NULL OR disabled_until <= $1)
                AND NOT EXISTS (SELECT 1 FROM user_roles r WHERE r.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM linked_accounts l WHERE l.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM tickets t WHERE t.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM mails m
                    WHERE m.user_id = users.id AND m.created_at > $1)
                AND signed_up AND (last_used_at IS NULL OR last_used_at <= $2) ",
            $end
        )
    };
}

/// A few at a time, and no writer waits while they are looked for.
const FIND_UNUSED: &str = unused!("SELECT id FROM users WHERE", "ORDER BY created_at LIMIT 500");

/// What was dated while a clock was ahead: those accounts would never be old.
const MEND_UNVERIFIED: &str = "
    UPDATE users
    SET created_at = CASE WHEN created_at > $1 THEN $1 ELSE created_at END,
        last_used_at = CASE WHEN last_used_at > $1 THEN $1 ELSE last_used_at END
    WHERE email_verified_at IS NULL AND (created_at > $2 OR last_used_at > $2)";

/// Nobody waits longer than anybody who asks now.
const MEND_PENDING: &str = "
    UPDATE users
    SET deletes_at = $1
    WHERE deletes_at > $2";

/// First, so that what deletes sees who signs in at this moment (PostgreSQL).
const LOCK: &str = "
    UPDATE users
    SET updated_at = updated_at
    WHERE id = $1";

const DELETE_UNUSED: &str = unused!("DELETE FROM users WHERE", "AND id = $3");

/// Deletes the users whose pending deletion is due by then, in Unix seconds.
pub async fn delete_due(tx: &mut Tx, by: i64) -> Result<Vec<UserId>, Error> {
    let gone: Vec<String> = tx.scalar_all(DELETE_DUE, args![by]).await?;
    Ok(gone.into_iter().map(UserId::from).collect())
}

/// From when on an account counts as used, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub struct Unused {
    pub created_before: i64,
    pub used_before: i64,
}

impl Unused {
    /// Some of the unused accounts, the oldest first.
    pub async fn find(&self, db: &Db) -> Result<Vec<UserId>, Error> {
        let found: Vec<String> =
            db.scalar_all(FIND_UNUSED, args![self.created_before, self.used_before]).await?;
        Ok(found.into_iter().map(UserId::from).collect())
    }

    /// Deletes one of them; false if it was used meanwhile.
    pub async fn delete(&self, tx: &mut Tx, id: &UserId) -> Result<bool, Error> {
        tx.execute(LOCK, args![id.as_str()]).await?;
        let gone = tx
            .execute(DELETE_UNUSED, args![self.created_before, self.used_before, id.as_str()])
            .await?;
        Ok(gone == 1)
    }
}

/// Dates back what was dated while a clock was ahead: an unverified account then begins to age, and no
/// pending deletion waits longer than until `last`.
pub async fn mend_future(db: &Db, now: i64, last: i64) -> Result<(), Error> {
    db.execute(MEND_UNVERIFIED, args![now, now + SKEW]).await?;
    db.execute(MEND_PENDING, args![last, last.saturating_add(SKEW)]).await?;
    Ok(())
}
