//! Sends security notices.

use crate::mail::server::{self as mail, EventOrigin, Mail};
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::ticket::Purpose;
use crate::ticket::server as tickets;
use crate::user::Email;
use crate::user::server::{UserId, lock_user};

/// Mails a user about an event, with a link to secure the account. Does nothing for a user without an
/// email address.
pub async fn send_security_notice(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    build_mail: impl FnOnce(EventOrigin, String) -> Mail,
) -> Result<(), Error> {
    let Some(email) = lock_user(tx, user_id).await?.email else { return Ok(()) };
    send_security_notice_to(cx, tx, user_id, &email, build_mail).await
}

/// Sends a security notice to an email address that may no longer be the user's.
pub async fn send_security_notice_to(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    email: &Email,
    build_mail: impl FnOnce(EventOrigin, String) -> Mail,
) -> Result<(), Error> {
    let app = &cx.app;
    let issued = tickets::issue(app, tx, Purpose::NotMe, Some(user_id), email).await?;
    let event = EventOrigin::new(app.clock.now(), &cx.client);
    mail::send(app, tx, Some(user_id), email, &build_mail(event, issued.link)).await
}
