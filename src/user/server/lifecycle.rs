//! Changes to a user's row between its creation and its deletion. Each function runs inside a transaction
//! that has locked the row.

use super::UserId;
use crate::args;
use crate::server::Error;
use crate::server::db::Tx;

const BUMP: &str = "
    UPDATE users
    SET revision = revision + 1, updated_at = $1
    WHERE id = $2";

const DISABLE: &str = "
    UPDATE users
    SET disabled_at = $1, disabled_until = $2, disabled_reason = $3
    WHERE id = $4";

const ENABLE: &str = "
    UPDATE users
    SET disabled_at = NULL, disabled_until = NULL, disabled_reason = ''
    WHERE id = $1 AND disabled_at IS NOT NULL";

/// An administrator's deletion replaces the user's own; nothing replaces an administrator's.
const SCHEDULE_DELETION: &str = "
    UPDATE users
    SET deletes_at = $1, deleted_by = $2
    WHERE id = $3 AND (deletes_at IS NULL OR deleted_by = '')";

const CANCEL_DELETION: &str = "
    UPDATE users
    SET deletes_at = NULL, deleted_by = ''
    WHERE id = $1 AND deletes_at IS NOT NULL";

const CANCEL_OWN_DELETION: &str = "
    UPDATE users
    SET deletes_at = NULL
    WHERE id = $1 AND deletes_at IS NOT NULL AND deleted_by = '' AND session_epoch = $2";

/// Rows that refer to the user are deleted too, except those in the audit log.
const DELETE: &str = "
    DELETE FROM users
    WHERE id = $1";

const NEXT_EPOCH: &str = "
    UPDATE users
    SET session_epoch = session_epoch + 1
    WHERE id = $1";

/// Succeeds once per epoch: if two sessions end all others at the same time, one ends the other.
const NEXT_EPOCH_AFTER: &str = "
    UPDATE users
    SET session_epoch = session_epoch + 1
    WHERE id = $1 AND session_epoch = $2";

const NEXT_TICKET_SEQ: &str = "
    UPDATE users
    SET notice_seq = notice_seq + 1
    WHERE id = $1
    RETURNING notice_seq";

const SET_SECOND_FACTOR_DUE: &str = "
    UPDATE users
    SET second_factor_due_at = CASE WHEN second_factor_due_at <= $1 THEN second_factor_due_at ELSE $1 END
    WHERE id = $2
    RETURNING second_factor_due_at";

const CLEAR_SECOND_FACTOR_DUE: &str = "
    UPDATE users
    SET second_factor_due_at = NULL
    WHERE id = $1 AND second_factor_due_at IS NOT NULL";

const REQUIRE_REVIEW: &str = "
    UPDATE users
    SET reviews_access = TRUE
    WHERE id = $1";

const CLEAR_REVIEW: &str = "
    UPDATE users
    SET reviews_access = FALSE
    WHERE id = $1";

/// Sets a user's deadline for a second factor, in Unix seconds. Keeps an earlier deadline. Returns the one in force.
pub async fn set_second_factor_due(tx: &mut Tx, id: &UserId, at: i64) -> Result<i64, Error> {
    tx.scalar(SET_SECOND_FACTOR_DUE, args![at, id.as_str()]).await
}

/// Records that no second factor is required of a user.
pub async fn clear_second_factor_due(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(CLEAR_SECOND_FACTOR_DUE, args![id.as_str()]).await?;
    Ok(())
}

/// Records that the password was reset by mail.
pub async fn require_review(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(REQUIRE_REVIEW, args![id.as_str()]).await?;
    Ok(())
}

/// Records that the user has signed in with the new password.
pub async fn clear_review(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(CLEAR_REVIEW, args![id.as_str()]).await?;
    Ok(())
}

/// Counts a change by an administrator.
pub async fn bump_revision(tx: &mut Tx, id: &UserId, now: i64) -> Result<(), Error> {
    tx.execute(BUMP, args![now, id.as_str()]).await?;
    Ok(())
}

/// Disables a user until `until`, in Unix seconds, or indefinitely if it is `None`.
pub async fn disable(
    tx: &mut Tx,
    id: &UserId,
    (now, until): (i64, Option<i64>),
    reason: &str,
) -> Result<(), Error> {
    tx.execute(DISABLE, args![now, until, reason, id.as_str()]).await?;
    Ok(())
}

/// Enables a user. Returns false if the user was not disabled.
pub async fn enable(tx: &mut Tx, id: &UserId) -> Result<bool, Error> {
    Ok(tx.execute(ENABLE, args![id.as_str()]).await? == 1)
}

/// Schedules an account deletion at a time in Unix seconds, by an administrator or, if `by` is empty, by the
/// owner. Returns false if an administrator has already scheduled it.
pub async fn schedule_deletion(tx: &mut Tx, id: &UserId, at: i64, by: &str) -> Result<bool, Error> {
    Ok(tx.execute(SCHEDULE_DELETION, args![at, by, id.as_str()]).await? == 1)
}

/// Cancels a pending account deletion, no matter who scheduled it. Returns false if none was pending.
pub async fn cancel_deletion(tx: &mut Tx, id: &UserId) -> Result<bool, Error> {
    Ok(tx.execute(CANCEL_DELETION, args![id.as_str()]).await? == 1)
}

/// Cancels a pending account deletion that the owner scheduled. Returns false if none was pending. A proof of
/// an earlier epoch, made before the deletion was scheduled, cancels nothing.
pub async fn cancel_own_deletion(tx: &mut Tx, id: &UserId, epoch: i64) -> Result<bool, Error> {
    Ok(tx.execute(CANCEL_OWN_DELETION, args![id.as_str(), epoch]).await? == 1)
}

/// Deletes a user immediately.
pub async fn delete(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(DELETE, args![id.as_str()]).await?;
    Ok(())
}

/// Starts the next epoch. This ends all sessions of the user, including those that are about to start.
pub async fn advance_epoch(tx: &mut Tx, id: &UserId) -> Result<(), Error> {
    tx.execute(NEXT_EPOCH, args![id.as_str()]).await?;
    Ok(())
}

/// Starts the epoch after `epoch`. Returns false if `epoch` is no longer current.
pub async fn advance_epoch_from(tx: &mut Tx, id: &UserId, epoch: i64) -> Result<bool, Error> {
    Ok(tx.execute(NEXT_EPOCH_AFTER, args![id.as_str(), epoch]).await? == 1)
}

/// Returns the next number of the user's tickets and locks the row until the transaction ends. A greater
/// number was issued later, whatever the clocks say.
pub async fn next_ticket_seq(tx: &mut Tx, id: &UserId) -> Result<i64, Error> {
    tx.scalar(NEXT_TICKET_SEQ, args![id.as_str()]).await
}
