//! Deleting accounts.

use crate::audit::EventKind;
use crate::audit::server::{Entry, record, record_event};
use crate::mail::server::Mail;
use crate::role::AdminProblem;
use crate::role::server::{lock_if_administrator, permissions_of, require_remaining_administrator};
use crate::security_notice::server::send_security_notice;
use crate::server::config::seconds;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Client, Context, Error};
use crate::session::server::{SignedIn, clear_session_cookies, end_all_in, lock_signed_in};
use crate::text::utc;
use crate::user::server::expiry::{self, Unused};
use crate::user::server::lifecycle;

/// Schedules an account deletion, tells the owner until when signing in cancels it, and ends all sessions of
/// the account.
pub async fn schedule(cx: &Context, user: &SignedIn) -> Result<(), Error> {
    let app = &cx.app;
    user.require_fresh(app)?;
    let until = app.clock.now().saturating_add(seconds(app.config.account.deletion_grace));
    let mut tx = app.db.begin().await?;
    let held = lock_if_administrator(&mut tx, &user.user_id).await?;
    lock_signed_in(app, &mut tx, user).await?;
    if permissions_of(&mut tx, &user.user_id).await? != held {
        return Err(AdminProblem::Changed.into());
    }
    lifecycle::schedule_deletion(&mut tx, &user.user_id, until, "").await?;
    require_remaining_administrator(&mut tx, held, app.timekeeper.range().earliest).await?;
    record_event(cx, &mut tx, EventKind::DeletionScheduled, &user.user_id).await?;
    let until = utc(until);
    send_security_notice(cx, &mut tx, &user.user_id, |event, not_me| Mail::DeletionScheduled {
        event,
        until,
        not_me,
    })
    .await?;
    end_all_in(app, &mut tx, &user.user_id).await?;
    tx.commit().await?;
    // The session's row is gone; this clears the cookie too.
    clear_session_cookies(cx).await
}

/// Deletes the accounts whose deletion is due, and unused accounts.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    for user_id in expiry::delete_due(&mut tx, time.earliest).await? {
        let entry = Entry::new(EventKind::Deleted, Some(&user_id));
        record(&mut tx, &entry, &Client::default(), app.clock.now()).await?;
    }
    tx.commit().await?;
    sweep_unused(app, time).await?;
    let last = time.latest.saturating_add(seconds(app.config.account.deletion_grace));
    expiry::redate_future(&app.db, time.latest, last).await
}

async fn sweep_unused(app: &App, time: TimeRange) -> Result<(), Error> {
    let created_before = time.earliest.saturating_sub(seconds(app.config.account.unproven));
    let used_before = created_before.saturating_sub(seconds(app.config.session.longest()));
    let before = Unused { created_before, used_before };
    for user_id in before.find(&app.db).await? {
        let mut tx = app.db.begin().await?;
        if before.delete(&mut tx, &user_id).await? {
            let entry = Entry::new(EventKind::DeletedUnverified, Some(&user_id));
            record(&mut tx, &entry, &Client::default(), app.clock.now()).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
