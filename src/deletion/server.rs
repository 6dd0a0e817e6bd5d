//! Deleting accounts.

use crate::audit::Kind;
use crate::audit::server::{Entry, note, record};
use crate::error::AppError;
use crate::mail::server::Mail;
use crate::recovery::server::tell;
use crate::role::server::{guard, keep_an_administrator, permissions_of};
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::timekeeper::Range;
use crate::server::{App, Client, Context, Error};
use crate::session::server::{SignedIn, end_all_in, leave, lock_alive};
use crate::ui::utc;
use crate::user::server::UserId;
use crate::{in_tx, on};

const MARK: &str = "
    UPDATE users
    SET deletes_at = $1
    WHERE id = $2";

/// All that names the user goes with them, but for the audit log.
const DELETE: &str = "
    DELETE FROM users
    WHERE deletes_at <= $1
    RETURNING id";

/// Accounts that somebody signed up for and proved no address for, that nobody was in for long, and
/// that no link and no mail leads back to. Who came here another way is not meant.
macro_rules! unproven {
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
const FIND_UNPROVEN: &str =
    unproven!("SELECT id FROM users WHERE", "ORDER BY created_at LIMIT 500");

/// What was dated while a clock was ahead: those accounts would never be old.
const MEND_UNPROVEN: &str = "
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

const DELETE_UNPROVEN: &str = unproven!("DELETE FROM users WHERE", "AND id = $3");

/// Marks an account for deletion, tells its owner until when it comes back by signing in, and ends
/// its sessions.
pub async fn ask(cx: &Context, user: &SignedIn) -> Result<(), Error> {
    let app = &cx.app;
    user.require_fresh(app)?;
    let until = app.clock.now().saturating_add(seconds(app.config.account.deletion_grace));
    let mut tx = app.db.begin().await?;
    let held = guard(&mut tx, &user.user_id).await?;
    lock_alive(app, &mut tx, user).await?;
    if permissions_of(&mut tx, &user.user_id).await? != held {
        return Err(AppError::Changed.into());
    }
    in_tx!(&mut tx, c => sqlx::query(MARK)
        .bind(until)
        .bind(user.user_id.as_str())
        .execute(c)
        .await
        .map(drop))?;
    keep_an_administrator(&mut tx, held, app.timekeeper.range().earliest).await?;
    note(cx, &mut tx, Kind::DeletionAsked, &user.user_id).await?;
    let until = utc(until);
    tell(cx, &mut tx, &user.user_id, |event, not_me| Mail::DeletionAsked { event, until, not_me })
        .await?;
    end_all_in(app, &mut tx, &user.user_id).await?;
    tx.commit().await?;
    // Its row is gone; this takes the cookie too.
    leave(cx).await
}

/// Deletes the accounts whose time is over.
pub async fn sweep(app: &App, time: Range) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let gone: Vec<String> =
        in_tx!(&mut tx, c => sqlx::query_scalar(DELETE).bind(time.earliest).fetch_all(c).await)?;
    for id in gone {
        let user_id = UserId::from(id);
        let entry = Entry::new(Kind::Deleted, Some(&user_id));
        record(&mut tx, &entry, &Client::default(), app.clock.now()).await?;
    }
    tx.commit().await?;
    sweep_unproven(app, time).await?;
    mend_future(app, time).await
}

async fn mend_future(app: &App, time: Range) -> Result<(), Error> {
    on!(&app.db, db => sqlx::query(MEND_UNPROVEN)
        .bind(time.latest)
        .bind(time.latest + SKEW)
        .execute(db)
        .await
        .map(drop))?;
    let last = time.latest.saturating_add(seconds(app.config.account.deletion_grace));
    on!(&app.db, db => sqlx::query(MEND_PENDING)
        .bind(last)
        .bind(last.saturating_add(SKEW))
        .execute(db)
        .await
        .map(drop))?;
    Ok(())
}

async fn sweep_unproven(app: &App, time: Range) -> Result<(), Error> {
    let longest = app.config.session.longest();
    let created_before = time.earliest.saturating_sub(seconds(app.config.account.unproven));
    let seen_before = created_before.saturating_sub(seconds(longest));
    let found: Vec<String> = on!(&app.db, db => sqlx::query_scalar(FIND_UNPROVEN)
        .bind(created_before)
        .bind(seen_before)
        .fetch_all(db)
        .await)?;
    for id in found {
        let mut tx = app.db.begin().await?;
        in_tx!(&mut tx, c => sqlx::query(LOCK).bind(&id).execute(c).await.map(drop))?;
        let gone = in_tx!(&mut tx, c => sqlx::query(DELETE_UNPROVEN)
            .bind(created_before)
            .bind(seen_before)
            .bind(&id)
            .execute(c)
            .await
            .map(|it| it.rows_affected()))?;
        if gone == 1 {
            let user_id = UserId::from(id);
            let entry = Entry::new(Kind::DeletedUnproven, Some(&user_id));
            record(&mut tx, &entry, &Client::default(), app.clock.now()).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
