//! Deletes users whose deletion is due, and unused accounts.

use super::UserId;
use crate::args;
use crate::server::Error;
use crate::server::clock::SKEW;
use crate::server::db::{Db, Tx};

const DELETE_DUE: &str = "
    DELETE FROM users
    WHERE deletes_at <= $1
    RETURNING id";

/// Self-registered, unverified and long unused accounts without roles, linked accounts, sessions, tickets or
/// recent mails. Users created another way are excluded.
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

/// Finds a few at a time, and blocks no writer.
const FIND_UNUSED: &str = unused!("SELECT id FROM users WHERE", "ORDER BY created_at LIMIT 500");

/// Redates accounts written while a clock was ahead, which would otherwise never be old.
const REDATE_UNVERIFIED: &str = "
    UPDATE users
    SET created_at = CASE WHEN created_at > $1 THEN $1 ELSE created_at END,
        last_used_at = CASE WHEN last_used_at > $1 THEN $1 ELSE last_used_at END
    WHERE email_verified_at IS NULL AND (created_at > $2 OR last_used_at > $2)";

/// No pending deletion lasts longer than one requested now.
const REDATE_PENDING: &str = "
    UPDATE users
    SET deletes_at = $1
    WHERE deletes_at > $2";

/// Runs first, so that on PostgreSQL the deletion sees a concurrent sign-in.
const LOCK: &str = "
    UPDATE users
    SET updated_at = updated_at
    WHERE id = $1";

const DELETE_UNUSED: &str = unused!("DELETE FROM users WHERE", "AND id = $3");

/// Deletes the users whose account deletion is due by `by`, in Unix seconds.
pub async fn delete_due(tx: &mut Tx, by: i64) -> Result<Vec<UserId>, Error> {
    let gone: Vec<String> = tx.scalar_all(DELETE_DUE, args![by]).await?;
    Ok(gone.into_iter().map(UserId::from).collect())
}

/// The times before which an account counts as unused, in Unix seconds.
#[derive(Clone, Copy, Debug)]
pub struct Unused {
    pub created_before: i64,
    pub used_before: i64,
}

impl Unused {
    /// Finds some of the unused accounts, oldest first.
    pub async fn find(&self, db: &Db) -> Result<Vec<UserId>, Error> {
        let found: Vec<String> =
            db.scalar_all(FIND_UNUSED, args![self.created_before, self.used_before]).await?;
        Ok(found.into_iter().map(UserId::from).collect())
    }

    /// Deletes an unused account. Returns false if it was used meanwhile.
    pub async fn delete(&self, tx: &mut Tx, id: &UserId) -> Result<bool, Error> {
        tx.execute(LOCK, args![id.as_str()]).await?;
        let gone = tx
            .execute(DELETE_UNUSED, args![self.created_before, self.used_before, id.as_str()])
            .await?;
        Ok(gone == 1)
    }
}

/// Redates records written while a clock was ahead: an unverified account then starts to age, and no pending
/// deletion lasts beyond `last`.
pub async fn redate_future(db: &Db, now: i64, last: i64) -> Result<(), Error> {
    db.execute(REDATE_UNVERIFIED, args![now, now + SKEW]).await?;
    db.execute(REDATE_PENDING, args![last, last.saturating_add(SKEW)]).await?;
    Ok(())
}
