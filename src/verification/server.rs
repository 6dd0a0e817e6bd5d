//! Verifies and changes email addresses.

use crate::access_revocation::server::revoke_all_access;
use crate::audit::EventKind;
use crate::audit::server::{record_event, record_event_about};
use crate::error::{AppError, Problems};
use crate::form::{Notice, RowId};
use crate::mail::server::{self as mail, Mail, UntrustedText};
use crate::password::PasswordProblem;
use crate::password::server::{check_account_password, failures};
use crate::secret::Secret;
use crate::security_notice::server::send_security_notice_to;
use crate::server::config::{SignUpMode, in_words};
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem};
use crate::user::server::{UserId, lock_user, set_email};
use crate::user::{Email, EmailProblem};

/// Sends the mail to verify an email address, at sign-up or on request.
pub async fn send_verification_mail(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    email: &Email,
) -> Result<(), Error> {
    tickets::revoke(tx, user_id, Purpose::Verification).await?;
    let issued = tickets::issue(app, tx, Purpose::Verification, Some(user_id), email).await?;
    let mail = Mail::Verification { link: issued.link, lifetime: issued.lifetime };
    mail::send(app, tx, Some(user_id), email, &mail).await
}

/// Sends the mail again, unless there is nothing left to verify.
pub async fn resend(cx: &Context, user: &SignedIn) -> Result<Notice, Error> {
    let app = &cx.app;
    let mut tx = app.db.begin().await?;
    let locked = lock_signed_in(app, &mut tx, user).await?;
    let Some(email) = locked.email.filter(|_| !locked.is_verified) else {
        return Ok(Notice::EmailVerified);
    };
    let account = user.user_id.as_str();
    limits::take_in(app, &mut tx, LimitedAction::Resend, &cx.client, Some(account)).await?;
    send_verification_mail(app, &mut tx, &user.user_id, &email).await?;
    tx.commit().await?;
    Ok(Notice::VerificationSent)
}

/// How an email address was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedBy {
    /// In a browser that is signed in to the account.
    Session,
    /// In another browser, by a user who also knows the account's password.
    Password,
    /// By someone who has the mail but knows nothing of the account, which starts anew.
    LinkOnly,
}

/// Verifies the email address of the account to which the browser's ticket belongs.
pub async fn confirm(
    cx: &Context,
    ticket_id: &RowId,
    password: Option<&Secret>,
) -> Result<VerifiedBy, Error> {
    let app = &cx.app;
    let ticket = tickets::open(cx, Purpose::Verification, ticket_id).await?;
    let knows_password = match password.filter(|_| !ticket.is_owner) {
        None => false,
        Some(password) if check_account_password(cx, &ticket.email, password).await? => true,
        Some(_) => {
            let problem = Some(PasswordProblem::Wrong);
            let problems = Problems { current_password: problem, ..Problems::default() };
            return Err(AppError::Invalid(problems).into());
        }
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let used = tickets::take(cx, &mut tx, &ticket).await?;
    let user_id = used.user()?;
    let locked = lock_user(&mut tx, user_id).await?;
    if locked.email.as_ref() != Some(&used.email) {
        return Err(TicketProblem::Invalid.into());
    }
    if ticket.is_owner {
        lock_signed_in(app, &mut tx, &*cx.user().await?).await?;
    }
    let confirmed = match (ticket.is_owner, knows_password) {
        (true, _) => VerifiedBy::Session,
        (_, true) => VerifiedBy::Password,
        _ => VerifiedBy::LinkOnly,
    };
    set_email(&mut tx, user_id, &used.email, now).await?;
    record_event(cx, &mut tx, EventKind::EmailVerified, user_id).await?;
    failures::clear(&mut tx, &limits::account_subject(&used.email)).await?;
    let mut next = None;
    if confirmed == VerifiedBy::LinkOnly {
        revoke_all_access(app, &mut tx, user_id).await?;
        let purpose = Purpose::Recovery;
        next = Some(tickets::issue(app, &mut tx, purpose, Some(user_id), &used.email).await?);
    }
    tx.commit().await?;
    match next {
        Some(issued) => tickets::store_issued(cx, issued),
        // An owner who clicks again is told that it is done.
        None if confirmed == VerifiedBy::Session => {}
        None => tickets::forget(cx),
    }
    Ok(confirmed)
}

/// Sends a link to the account's new email address. Only opening the link tells whether another
/// account has the address.
pub async fn request_change(cx: &Context, user: &SignedIn, email: &Email) -> Result<(), Error> {
    let app = &cx.app;
    user.require_fresh(app)?;
    require_allowed_domain(app, email)?;
    let mut tx = app.db.begin().await?;
    let locked = lock_signed_in(app, &mut tx, user).await?;
    if locked.email.as_ref() == Some(email) && locked.is_verified {
        let problem = Some(EmailProblem::Unchanged);
        return Err(AppError::Invalid(Problems { email: problem, ..Problems::default() }).into());
    }
    let account = user.user_id.as_str();
    limits::take_in(app, &mut tx, LimitedAction::Resend, &cx.client, Some(account)).await?;
    send_change_mail(cx, &mut tx, &user.user_id, email).await?;
    tx.commit().await
}

/// Mails the link that gives an account this email address.
pub async fn send_change_mail(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    email: &Email,
) -> Result<(), Error> {
    // Of two changes, only the later one counts (CVE-2026-32700).
    tickets::revoke(tx, user_id, Purpose::EmailChange).await?;
    let issued = tickets::issue(&cx.app, tx, Purpose::EmailChange, Some(user_id), email).await?;
    let mail = Mail::EmailChange { link: issued.link, lifetime: issued.lifetime };
    mail::send(&cx.app, tx, Some(user_id), email, &mail).await?;
    let kind = EventKind::EmailChangeRequested;
    record_event_about(cx, tx, kind, user_id, &email.masked()).await
}

/// Refuses an email address that accounts of this site may not have.
fn require_allowed_domain(app: &App, email: &Email) -> Result<(), AppError> {
    let config = &app.config.sign_up;
    if config.mode != SignUpMode::Domains || config.domains.iter().any(|it| it == email.domain()) {
        return Ok(());
    }
    let problem = Some(EmailProblem::OtherDomain);
    Err(AppError::Invalid(Problems { email: problem, ..Problems::default() }))
}

/// Changes the account's email address and tells the old one how to undo it. The browser must be signed in to
/// the account, so that opening the link never gives the recipient an account that someone else created.
pub async fn finish_change(cx: &Context, ticket_id: &RowId) -> Result<(), Error> {
    let app = &cx.app;
    let viewer = cx.user().await?;
    let ticket = tickets::open(cx, Purpose::EmailChange, ticket_id).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let used = tickets::take(cx, &mut tx, &ticket).await?;
    let user_id = used.user()?;
    if viewer.user_id != *user_id {
        return Err(TicketProblem::Invalid.into());
    }
    require_allowed_domain(app, &used.email)?;
    let before = lock_signed_in(app, &mut tx, &viewer).await?;
    if !before.is_verified {
        // Notices sent to an unverified email address may have reached a stranger; they undo nothing.
        tickets::revoke(&mut tx, user_id, Purpose::NotMe).await?;
    }
    // Sent first: to undo the change, this notice must be older than any sent to the new email
    // address. An unverified old address may be a stranger's and gets no notice.
    if let Some(old) = before.email.as_ref().filter(|it| before.is_verified && **it != used.email) {
        let new_address = UntrustedText::new(used.email.as_str());
        let lifetime = in_words(app.config.tickets.not_me);
        let mail = |event, not_me| Mail::EmailChanged { event, new_address, not_me, lifetime };
        send_security_notice_to(cx, &mut tx, user_id, old, mail).await?;
    }
    if !set_email(&mut tx, user_id, &used.email, now).await? {
        return Err(TicketProblem::EmailTaken.into());
    }
    tickets::revoke(&mut tx, user_id, Purpose::Verification).await?;
    tickets::revoke(&mut tx, user_id, Purpose::Recovery).await?;
    let kind = EventKind::EmailChanged;
    record_event_about(cx, &mut tx, kind, user_id, &used.email.masked()).await?;
    failures::clear(&mut tx, &limits::account_subject(&used.email)).await?;
    tx.commit().await
}
