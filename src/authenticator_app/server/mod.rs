//! The `authenticator_apps` table.
//!
//! Each app shares a key with us, which is encrypted for its row. A code works once: the time step of the last
//! one is stored, and only later ones are accepted (RFC 6238, section 5.2).

mod manage;
mod qr;
mod set_up;
mod totp;

use super::{AppCode, AuthenticatorAppView};
use crate::args;
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
    WHERE user_id = $2 AND id = $3 AND removed_at IS NULL
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

const LIST_SEALED_BY_OTHERS: &str = "
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

/// Uses a code of a user whose row is locked. Returns false if no app shows it, or if it was used.
pub async fn use_code(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    code: &AppCode,
) -> Result<bool, Error> {
    let rows: Vec<StoredApp> = tx.fetch_all(LIST, args![user_id.as_str()]).await?;
    let now = app.timekeeper.range().likely;
    for row in rows {
        let Some(key) = app.seal.open(&seal_context(&row.id), &row.sealed) else {
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
    Ok(false)
}

/// Removes one of a user's apps, and returns its name. A notice can bring it back.
pub async fn mark_removed(
    tx: &mut Tx,
    user_id: &UserId,
    id: &str,
    now: i64,
) -> Result<Option<String>, Error> {
    tx.scalar_optional(MARK_REMOVED, args![now, user_id.as_str(), id]).await
}

/// Undoes what was added and removed since the ticket of this number was issued. Numbers start at 1, so 0
/// deletes all.
pub async fn undo_since(tx: &mut Tx, user_id: &UserId, seq: i64) -> Result<(), Error> {
    tx.execute(DELETE_SINCE, args![user_id.as_str(), seq]).await?;
    tx.execute(RESTORE_SINCE, args![user_id.as_str(), seq]).await?;
    Ok(())
}

/// Encrypts all keys again with the newest key, and returns how many.
pub async fn reseal(db: &Db, seal: &Seal) -> Result<u64, Error> {
    let rows: Vec<(String, String)> =
        db.fetch_all(LIST_SEALED_BY_OTHERS, args![seal.key_id()]).await?;
    let mut resealed = 0;
    for (id, old) in rows {
        let context = seal_context(&id);
        let Some(key) = seal.open(&context, &old) else { continue };
        let new = seal.seal(&context, &key)?;
        resealed += db.execute(RESEAL, args![new, seal.key_id(), &id, &old]).await?;
    }
    Ok(resealed)
}

/// Deletes removed apps that no notice can bring back, and encrypts again what an old key encrypts.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let before = time.earliest - seconds(app.config.tickets.not_me);
    app.db.execute(DELETE_REMOVED, args![before]).await?;
    reseal(&app.db, &app.seal).await?;
    Ok(())
}
