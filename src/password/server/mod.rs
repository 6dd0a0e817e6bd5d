//! Checking, changing and storing passwords.

mod hasher;

use super::{NewPassword, PasswordProblem};
use crate::error::{AppError, Problems};
use crate::secret::Secret;
use crate::server::db::Tx;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, end_others_in};
use crate::sign_in::Credentials;
use crate::user::server::{Proven, UserId};
use crate::{in_tx, on};

pub use hasher::{Hasher, PasswordHash};

const FIND_BY_EMAIL: &str = "
    SELECT p.user_id, u.session_epoch, p.hash
    FROM users u
    JOIN passwords p ON p.user_id = u.id
    WHERE u.email_key = $1";

const FIND_HASH: &str = "
    SELECT hash
    FROM passwords
    WHERE user_id = $1";

const STORE: &str = "
    INSERT INTO passwords (user_id, hash, changed_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at";

const RENEW: &str = "
    UPDATE passwords
    SET hash = $1
    WHERE user_id = $2 AND hash = $3";

#[derive(sqlx::FromRow)]
struct Stored {
    user_id: String,
    session_epoch: i64,
    hash: String,
}

/// Finds whose credentials these are.
///
/// The whole decision, the unknown address included: one look-up, one verification, one answer,
/// so neither time nor words tell an unknown address from a wrong password.
pub async fn authenticate(app: &App, credentials: &Credentials) -> Result<Proven, Error> {
    let stored: Option<Stored> = on!(&app.db, db => sqlx::query_as(FIND_BY_EMAIL)
        .bind(credentials.email.key())
        .fetch_optional(db)
        .await)?;
    let hash = stored.as_ref().map_or(app.hasher.decoy(), |it| it.hash.as_str());
    let matches = app.hasher.verify(&credentials.password, hash).await?;
    if !matches {
        // Whose it was meant for, where it is somebody's; never what was typed.
        let user_id = stored.as_ref().map_or("nobody", |it| it.user_id.as_str());
        tracing::info!(user_id, "password refused");
    }
    let stored = stored.filter(|_| matches).ok_or(AppError::InvalidCredentials)?;
    if app.hasher.is_outdated(&stored.hash)
        && let Err(error) = renew(app, &stored, &credentials.password).await
    {
        // The next sign-in tries again; this one was right.
        tracing::warn!(error = error.chain(), "hash not renewed");
    }
    Ok(Proven { user_id: stored.user_id.into(), epoch: stored.session_epoch })
}

/// Hashes again with today's parameters; where the password was changed meanwhile, that stays.
async fn renew(app: &App, stored: &Stored, password: &Secret) -> Result<(), Error> {
    let hash = app.hasher.hash(password).await?;
    on!(&app.db, db => sqlx::query(RENEW)
        .bind(hash.as_str())
        .bind(&stored.user_id)
        .bind(&stored.hash)
        .execute(db)
        .await
        .map(drop))?;
    Ok(())
}

/// Changes the password of who is signed in, or sets the first one; all other sessions end and
/// this one gets a new id.
pub async fn change(
    cx: &Context,
    user: &SignedIn,
    current: &Secret,
    new: &NewPassword,
) -> Result<(), Error> {
    let app = &cx.app;
    let stored: Option<String> = on!(&app.db, db => sqlx::query_scalar(FIND_HASH)
        .bind(user.user_id.as_str())
        .fetch_optional(db)
        .await)?;
    if let Some(hash) = &stored {
        // Also where it was set since the session was read, and so was not asked for.
        if !app.hasher.verify(current, hash).await? {
            let problem = Some(PasswordProblem::Wrong);
            return Err(AppError::Invalid(Problems {
                current_password: problem,
                ..Problems::default()
            })
            .into());
        }
    }
    let hash = app.hasher.hash(new.secret()).await?;
    let mut tx = app.db.begin().await?;
    // First: of two changes that knew the same password, the second finds its session ended.
    end_others_in(app, &mut tx, user).await?;
    store(&mut tx, &user.user_id, &hash, app.clock.now()).await?;
    let rotated = cx.session.rotate(&mut tx, user).await?;
    tx.commit().await?;
    cx.session.follow(rotated, user).await;
    tracing::info!(user_id = %user.user_id, "password changed");
    Ok(())
}

/// Stores a hash as the user's password.
pub async fn store(
    tx: &mut Tx,
    user_id: &UserId,
    hash: &PasswordHash,
    now: i64,
) -> Result<(), Error> {
    in_tx!(tx, c => sqlx::query(STORE)
        .bind(user_id.as_str())
        .bind(hash.as_str())
        .bind(now)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
