//! Resets passwords and restores accounts to their owners.

pub mod factors;

use crate::access_revocation::server::revoke_all_access;
use crate::audit::EventKind;
use crate::audit::server::{Entry, record, record_event};
use crate::error::Problems;
use crate::form::RowId;
use crate::known_place::server::{self as places, AttemptBucket};
use crate::mail::server::{self as mail, EventOrigin, Mail};
use crate::password::NewPassword;
use crate::password::Strength;
use crate::password::server::{Accepted, delete, failures, hash_new, store};
use crate::record;
use crate::second_factor_policy::server::require_set_up;
use crate::security_notice::server::send_security_notice;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Client, Context, Error};
use crate::session::server::end_all_in;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem};
use crate::user::Email;
use crate::user::server::{UserId, find_by_email, lifecycle, lock_user, mark_used, set_email};
use crate::{args, authenticator_app, linked_account, passkey, recovery_code};

/// How many requests one run of the job processes.
const AT_ONCE: i64 = 200;

const INSERT: &str = "
    INSERT INTO recovery_requests (id, email_key, address, browser, created_at)
    VALUES ($1, $2, $3, $4, $5)";

const LIST: &str = "
    SELECT id, email_key, address, browser, created_at
    FROM recovery_requests
    ORDER BY id
    LIMIT $1";

const TAKE: &str = "
    DELETE FROM recovery_requests
    WHERE id = $1";

/// A password is not made of its owner's name.
const FIND_NAME: &str = "
    SELECT u.display_name
    FROM tickets t
    JOIN users u ON u.id = t.user_id
    WHERE t.id = $1";

record! {
    struct Request {
        id: String,
        email_key: String,
        address: String,
        browser: String,
        created_at: i64,
    }
}

/// Records a request to reset a password. A job looks up later whether the email address has an
/// account, so the response time reveals nothing.
pub async fn request_reset(cx: &Context, email: &Email) -> Result<(), Error> {
    let app = &cx.app;
    let bucket = AttemptBucket::of(cx, email).await?;
    let mut tx = app.db.begin().await?;
    bucket.take_in(cx, &mut tx, LimitedAction::Recovery).await?;
    tx.execute(
        INSERT,
        args![
            uuid::Uuid::now_v7().to_string(),
            email.key(),
            &cx.client.ip_text,
            &cx.client.user_agent,
            app.clock.now()
        ],
    )
    .await?;
    tx.commit().await
}

/// Processes waiting requests, oldest first. One that fails does not hold up the others.
pub async fn process_requests(app: &App) -> Result<(), Error> {
    let requests: Vec<Request> = app.db.fetch_all(LIST, args![AT_ONCE]).await?;
    let mut done = Ok(());
    for request in requests {
        done = done.and(process_request(app, &request).await);
    }
    done
}

async fn process_request(app: &App, request: &Request) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let taken = tx.execute(TAKE, args![&request.id]).await?;
    if taken == 1
        && let Some((user_id, email)) = find_by_email(&mut tx, &request.email_key).await?
    {
        let client = Client {
            ip: None,
            ip_text: request.address.clone(),
            user_agent: request.browser.clone(),
        };
        // Locks the user, so the deletion of unused accounts waits for this transaction.
        let locked = lock_user(&mut tx, &user_id).await?;
        if locked.is_blocked(app.timekeeper.range().earliest) {
            return tx.commit().await;
        }
        send_recovery_mail(app, &mut tx, &user_id, &email, (&client, request.created_at)).await?;
    }
    tx.commit().await
}

/// Sends the mail to reset the password.
async fn send_recovery_mail(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    email: &Email,
    (client, at): (&Client, i64),
) -> Result<(), Error> {
    let issued = tickets::issue(app, tx, Purpose::Recovery, Some(user_id), email).await?;
    let not_me = tickets::issue(app, tx, Purpose::NotMe, Some(user_id), email).await?.link;
    let event = EventOrigin::new(at, client);
    let mail = Mail::Recovery { event, link: issued.link, lifetime: issued.lifetime, not_me };
    mail::send(app, tx, Some(user_id), email, &mail).await?;
    record(tx, &Entry::new(EventKind::RecoveryRequested, Some(user_id)), client, at).await
}

/// Resets the password of the ticket's user. The mail verifies the email address; if it was not
/// verified before, everything else set up in the account is removed.
pub async fn finish(
    cx: &Context,
    ticket_id: &RowId,
    new: &NewPassword,
) -> Result<Option<Strength>, Error> {
    let app = &cx.app;
    // Check the ticket before spending a hash on it.
    let ticket = tickets::open(cx, Purpose::Recovery, ticket_id).await?;
    let at = |it| Problems { new_password: Some(it), ..Problems::default() };
    let name: Option<String> = app.db.scalar_optional(FIND_NAME, args![&ticket.id]).await?;
    let own = [ticket.email.as_str(), name.as_deref().unwrap_or_default()];
    let Accepted { hash, strength } = hash_new(app, new, &own, at).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let used = tickets::take(cx, &mut tx, &ticket).await?;
    let user_id = used.user()?;
    let locked = lock_user(&mut tx, user_id).await?;
    if locked.email.as_ref() != Some(&used.email) {
        // The email address was changed since.
        return Err(TicketProblem::Invalid.into());
    }
    if !locked.is_verified {
        revoke_all_access(app, &mut tx, user_id).await?;
        set_email(&mut tx, user_id, &used.email, now).await?;
        record_event(cx, &mut tx, EventKind::EmailVerified, user_id).await?;
    }
    store(&mut tx, user_id, &hash, now).await?;
    lifecycle::require_review(&mut tx, user_id).await?;
    end_all_in(app, &mut tx, user_id).await?;
    failures::clear(&mut tx, &limits::account_subject(&used.email)).await?;
    tickets::revoke(&mut tx, user_id, Purpose::Recovery).await?;
    tickets::revoke(&mut tx, user_id, Purpose::EmailChange).await?;
    places::forget_all(&mut tx, user_id).await?;
    record_event(cx, &mut tx, EventKind::Recovered, user_id).await?;
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::PasswordChanged {
        event,
        not_me,
    })
    .await?;
    tx.commit().await?;
    tickets::forget(cx);
    Ok(strength)
}

/// Restores the account to the notice's recipient. Older notices outrank newer ones: using one
/// revokes all later ones, so an intruder who changed the email address can't take the account
/// back.
pub async fn not_me(cx: &Context, ticket_id: &RowId) -> Result<(), Error> {
    let app = &cx.app;
    let ticket = tickets::open(cx, Purpose::NotMe, ticket_id).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let used = tickets::take(cx, &mut tx, &ticket).await?;
    let user_id = used.user()?;
    tickets::revoke_later(&mut tx, user_id, &used).await?;
    tickets::revoke(&mut tx, user_id, Purpose::EmailChange).await?;
    tickets::revoke(&mut tx, user_id, Purpose::FactorRecovery).await?;
    end_all_in(app, &mut tx, user_id).await?;
    linked_account::server::delete_since(&mut tx, user_id, used.seq).await?;
    authenticator_app::server::undo_since(&mut tx, user_id, used.seq).await?;
    passkey::server::undo_since(&mut tx, user_id, used.seq).await?;
    recovery_code::server::undo_since(&mut tx, user_id, used.seq).await?;
    require_set_up(app, &mut tx, user_id).await?;
    places::forget_all(&mut tx, user_id).await?;
    // Deleted, not only locked: a sign-in in progress with it would unlock it.
    delete(&mut tx, user_id).await?;
    let locked = lock_user(&mut tx, user_id).await?;
    let mut is_theirs = locked.email.as_ref() == Some(&used.email);
    // If another user has verified the email address since, everything but the address is restored.
    if !is_theirs && set_email(&mut tx, user_id, &used.email, now).await? {
        record_event(cx, &mut tx, EventKind::EmailRestored, user_id).await?;
        is_theirs = true;
    }
    lifecycle::cancel_own_deletion(&mut tx, user_id, locked.epoch).await?;
    mark_used(&mut tx, user_id, now).await?;
    record_event(cx, &mut tx, EventKind::NotMe, user_id).await?;
    if is_theirs {
        failures::lock(app, &mut tx, &limits::account_subject(&used.email)).await?;
        send_recovery_mail(app, &mut tx, user_id, &used.email, (&cx.client, now)).await?;
    }
    tx.commit().await?;
    tickets::forget(cx);
    Ok(())
}
