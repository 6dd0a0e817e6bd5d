//! Deleting accounts.

use crate::audit::Kind;
use crate::audit::server::note;
use crate::mail::server::Mail;
use crate::recovery::server::tell;
use crate::server::config::seconds;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, end_all_in, lock_alive};
use crate::ui::utc;
use crate::{in_tx, on};

const MARK: &str = "
    UPDATE users
    SET deletes_at = $1
    WHERE id = $2";

/// All that names the user goes with them, but for the audit log.
const DELETE: &str = "
    DELETE FROM users
    WHERE deletes_at <= $1";

/// Accounts that somebody signed up for, proved no address for and linked nothing to, and where
/// nobody was seen since. Who came here another way is not meant.
macro_rules! unproven {
    ($begin:literal) => {
        concat!(
            $begin,
            " WHERE email_verified_at IS NULL AND created_at <= $1
                AND EXISTS (SELECT 1 FROM audit_events a
                    WHERE a.user_id = users.id AND a.kind = 'signed_up')
                AND NOT EXISTS (SELECT 1 FROM linked_accounts l WHERE l.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = users.id)
                AND NOT EXISTS (SELECT 1 FROM known_places k
                    WHERE k.user_id = users.id AND k.seen_at > $1)"
        )
    };
}

/// First, so that who signs in at this moment is seen by what deletes (PostgreSQL).
const LOCK_UNPROVEN: &str = unproven!("UPDATE users SET updated_at = updated_at");

const DELETE_UNPROVEN: &str = unproven!("DELETE FROM users");

/// Marks an account for deletion, tells its owner until when it comes back by signing in, and ends
/// its sessions.
pub async fn ask(cx: &Context, user: &SignedIn) -> Result<(), Error> {
    let app = &cx.app;
    user.require_fresh(app)?;
    let until = app.clock.now().saturating_add(seconds(app.config.account.deletion_grace));
    let mut tx = app.db.begin().await?;
    lock_alive(&mut tx, user).await?;
    in_tx!(&mut tx, c => sqlx::query(MARK)
        .bind(until)
        .bind(user.user_id.as_str())
        .execute(c)
        .await
        .map(drop))?;
    note(cx, &mut tx, Kind::DeletionAsked, &user.user_id).await?;
    let until = utc(until);
    tell(cx, &mut tx, &user.user_id, |event, not_me| Mail::DeletionAsked { event, until, not_me })
        .await?;
    end_all_in(app, &mut tx, &user.user_id).await?;
    tx.commit().await?;
    // Its row is gone; this takes the cookie too.
    cx.session.sign_out().await
}

/// Deletes the accounts whose time is over.
pub async fn sweep(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    let gone = on!(&app.db, db => sqlx::query(DELETE)
        .bind(now)
        .execute(db)
        .await
        .map(|it| it.rows_affected()))?;
    let before = now.saturating_sub(seconds(app.config.account.unproven));
    let mut tx = app.db.begin().await?;
    in_tx!(&mut tx, c => sqlx::query(LOCK_UNPROVEN).bind(before).execute(c).await.map(drop))?;
    let unproven = in_tx!(&mut tx, c => sqlx::query(DELETE_UNPROVEN)
        .bind(before)
        .execute(c)
        .await
        .map(|it| it.rows_affected()))?;
    tx.commit().await?;
    if gone + unproven > 0 {
        tracing::info!(asked_for = gone, unproven, "accounts deleted");
    }
    Ok(())
}
