//! Sends security notices.

use crate::mail::server::{self as mail, Event, Mail};
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::ticket::Purpose;
use crate::ticket::server as tickets;
use crate::user::Email;
use crate::user::server::{UserId, find_contact};

/// Mails a user about an event, with a link to say "this was not me". Does nothing for a user without an
/// email address.
pub async fn send_security_notice(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    letter: impl FnOnce(Event, String) -> Mail,
) -> Result<(), Error> {
    let Some(email) = find_contact(tx, user_id).await?.email else { return Ok(()) };
    send_security_notice_to(cx, tx, user_id, &email, letter).await
}

/// Sends a security notice to an email address that may no longer be the user's.
pub async fn send_security_notice_to(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    email: &Email,
    letter: impl FnOnce(Event, String) -> Mail,
) -> Result<(), Error> {
    let app = &cx.app;
    let issued = tickets::issue(app, tx, Purpose::NotMe, Some(user_id), email).await?;
    let event = Event::new(app.clock.now(), &cx.client);
    mail::send(app, tx, Some(user_id), email, &letter(event, issued.link)).await
}
