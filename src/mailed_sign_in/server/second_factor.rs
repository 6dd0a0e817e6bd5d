//! Mailed codes that replace a second factor, for a sign-in whose first factor was proven.

use std::time::Duration;

use super::{random_code, seal_context};
use crate::args;
use crate::mail::server::{self as mail, EventOrigin, Mail};
use crate::mailed_sign_in::Code;
use crate::server::config::in_words;
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::{App, Context, Error};
use crate::sign_in::server::LIFETIME;
use crate::user::Email;
use crate::user::server::UserId;

/// Only the newest code counts. No job processes the row: the mail is sent at once.
const UPSERT: &str = "
    INSERT INTO mailed_sign_ins (attempt_id, email, sealed, address, browser, created_at, answered_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
    ON CONFLICT (attempt_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at";

const FIND: &str = "
    SELECT sealed
    FROM mailed_sign_ins
    WHERE attempt_id = $1 AND ticket_digest IS NULL";

/// Mails a code for this attempt to its user. The code works for as long as the attempt waits.
pub async fn send_code(
    cx: &Context,
    tx: &mut Tx,
    attempt_id: &str,
    (user_id, email): (&UserId, &Email),
) -> Result<(), Error> {
    let (app, now) = (&cx.app, cx.app.clock.now());
    let code = random_code()?;
    let sealed = app.seal.seal(&seal_context(attempt_id), code.as_bytes())?;
    tx.execute(
        UPSERT,
        args![attempt_id, email.as_str(), sealed, &cx.client.ip_text, &cx.client.user_agent, now],
    )
    .await?;
    let mail = Mail::SecondFactorCode {
        event: EventOrigin::new(now, &cx.client),
        code,
        lifetime: in_words(Duration::from_secs(LIFETIME.unsigned_abs())),
    };
    mail::send(app, tx, Some(user_id), email, &mail).await
}

/// Returns whether a code was mailed for this attempt.
pub async fn is_code_sent(tx: &mut Tx, attempt_id: &str) -> Result<bool, Error> {
    let sealed: Option<String> = tx.scalar_optional(FIND, args![attempt_id]).await?;
    Ok(sealed.is_some())
}

/// Returns whether this is the newest code that was mailed for the attempt, which the caller then takes.
pub async fn use_code(
    app: &App,
    tx: &mut Tx,
    attempt_id: &str,
    code: &Code,
) -> Result<bool, Error> {
    let sealed: Option<String> = tx.scalar_optional(FIND, args![attempt_id]).await?;
    let expected = sealed.and_then(|it| app.seal.open(&seal_context(attempt_id), &it));
    // Compared by digest, so the time does not reveal how much of the code was right.
    Ok(expected.map(digest) == Some(digest(code.secret().expose())))
}
