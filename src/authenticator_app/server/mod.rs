//! The `authenticator_apps` table.
//!
//! Each app shares a key with us, which is encrypted for its row. A code works once: the time step of the last
//! one is stored, and only later ones are accepted (RFC 6238, section 5.2).

mod manage;
mod qr;
mod set_up;
mod totp;

use super::{AuthenticatorAppView, AuthenticatorCode};
use crate::args;
use crate::error::ServerProblem;
use crate::record;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::seal::Seal;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Db, Error};
use crate::user::server::UserId;

pub use manage::{add, insert_in, remove};
pub use set_up::{CheckedSetUp, check_set_up, offer};

const LIST: &str = "
    SELECT id, name, sealed, last_step, created_at, used_at
    FROM authenticator_apps
    WHERE user_id = $1 AND removed_at IS NULL
    ORDER BY created_at, id";

/// Of several requests with the same code, one finds an earlier step.
const USE: &str = "
    UPDATE authenticator_apps
    SET last_step = $1, used_at = $2
    WHERE id = $3 AND last_step < $1 AND removed_at IS NULL";

const MARK_REMOVED: &str = "
    UPDATE authenticator_apps
    SET removed_at = $1, removed_seq = (SELECT notice_seq FROM users u WHERE u.id = $2)
    WHERE user_id = $2 AND id = $3 AND removed_at IS NULL";

const DELETE: &str = "
    DELETE FROM authenticator_apps
    WHERE user_id = $1 AND id = $2 AND removed_at IS NULL
    RETURNING name";

const DELETE_SINCE: &str = "
    DELETE FROM authenticator_apps
    WHERE user_id = $1 AND seq >= $2";

const RESTORE_SINCE: &str = "
    UPDATE authenticator_apps
    SET removed_at = NULL, removed_seq = NULL
    WHERE user_id = $1 AND removed_seq >= $2";

const DELETE_REMOVED: &str = "
    DELETE FROM authenticator_apps
    WHERE removed_at <= $1";

const LIST_SEALED_BY_OLD_KEYS: &str = "
    SELECT id, sealed
    FROM authenticator_apps
    WHERE key_id <> $1";

const RESEAL: &str = "
    UPDATE authenticator_apps
    SET sealed = $1, key_id = $2
    WHERE id = $3 AND sealed = $4";

record! {
    struct StoredApp {
        id: String,
        name: String,
        sealed: String,
        last_step: i64,
        created_at: i64,
        used_at: Option<i64>,
    }
}

fn seal_context(id: &str) -> String {
    format!("authenticator app {id}")
}

/// Returns a user's authenticator apps, oldest first.
pub async fn of_user_in(tx: &mut Tx, user_id: &UserId) -> Result<Vec<AuthenticatorAppView>, Error> {
    let rows: Vec<StoredApp> = tx.fetch_all(LIST, args![user_id.as_str()]).await?;
    let view = |StoredApp { id, name, created_at, used_at, .. }| AuthenticatorAppView {
        id,
        name,
        created_at,
        used_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Uses a code of a user whose row is locked. Returns false if no app shows it, or if it was used. Fails if an app's key
/// can't be decrypted and no other app shows the code.
pub async fn use_code(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    code: &AuthenticatorCode,
) -> Result<bool, Error> {
    let rows: Vec<StoredApp> = tx.fetch_all(LIST, args![user_id.as_str()]).await?;
    let now = app.timekeeper.range().likely;
    let mut is_checked = true;
    for row in rows {
        let Some(key) = app.seal.open(&seal_context(&row.id), &row.sealed) else {
            is_checked = false;
            tracing::error!(
                id = row.id,
                "can't decrypt an authenticator app with this server's key"
            );
            continue;
        };
        let step = totp::matching_step(&key, code, now, app.config.second_factor.drift);
        if let Some(step) = step.filter(|it| *it > row.last_step)
            && tx.execute(USE, args![step, now, &row.id]).await? == 1
        {
            return Ok(true);
        }
    }
    if is_checked { Ok(false) } else { Err(ServerProblem::Unavailable.into()) }
}

/// Removes one of a user's apps. A security notice can restore it.
pub async fn mark_removed(tx: &mut Tx, user_id: &UserId, id: &str, now: i64) -> Result<(), Error> {
    tx.execute(MARK_REMOVED, args![now, user_id.as_str(), id]).await?;
    Ok(())
}

/// Deletes one of a user's apps, which no security notice restores, and returns its name.
pub async fn delete(tx: &mut Tx, user_id: &UserId, id: &str) -> Result<Option<String>, Error> {
    tx.scalar_optional(DELETE, args![user_id.as_str(), id]).await
}

/// Deletes the apps added, and restores those removed, since the ticket with this number. Numbers start at 1, so 0
/// deletes all.
pub async fn undo_since(tx: &mut Tx, user_id: &UserId, seq: i64) -> Result<(), Error> {
    tx.execute(DELETE_SINCE, args![user_id.as_str(), seq]).await?;
    tx.execute(RESTORE_SINCE, args![user_id.as_str(), seq]).await?;
    Ok(())
}

/// Reseals the keys that an older key sealed, and returns their number.
pub async fn reseal(db: &Db, seal: &Seal) -> Result<u64, Error> {
    let rows: Vec<(String, String)> =
        db.fetch_all(LIST_SEALED_BY_OLD_KEYS, args![seal.key_id()]).await?;
    let mut resealed = 0;
    for (id, old) in rows {
        let context = seal_context(&id);
        let Some(key) = seal.open(&context, &old) else { continue };
        let new = seal.seal(&context, &key)?;
        resealed += db.execute(RESEAL, args![new, seal.key_id(), &id, &old]).await?;
    }
    Ok(resealed)
}

/// Deletes removed apps that no security notice can restore, and reseals keys that an old key sealed.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let before = time.earliest - seconds(app.config.tickets.not_me);
    app.db.execute(DELETE_REMOVED, args![before]).await?;
    reseal(&app.db, &app.seal).await?;
    Ok(())
}
