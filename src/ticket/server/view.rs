//! A ticket as its page shows it.

use super::{COOKIE, latest_expiry};
use crate::args;
use crate::record;
use crate::server::config::seconds;
use crate::server::digest::digest;
use crate::server::{Context, Error};
use crate::ticket::{Purpose, TicketProblem, TicketState, TicketView};

const FIND: &str = "
    SELECT t.id, t.purpose, t.user_id, t.address, t.expires_at, t.used_at, u.email,
        u.email_verified_at, p.changed_at AS password_changed_at
    FROM tickets t
    LEFT JOIN users u ON u.id = t.user_id
    LEFT JOIN passwords p ON p.user_id = t.user_id
    WHERE t.digest = $1";

record! {
    struct Row {
        id: String,
        purpose: String,
        user_id: Option<String>,
        address: String,
        expires_at: i64,
        used_at: Option<i64>,
        email: Option<String>,
        email_verified_at: Option<i64>,
        password_changed_at: Option<i64>,
    }
}

/// Returns the browser's ticket as its page shows it. Fails if it is not valid.
pub async fn view(cx: &Context) -> Result<TicketView, Error> {
    let app = &cx.app;
    let ticket = cx.get(&COOKIE).ok_or(TicketProblem::Invalid)?;
    let row: Option<Row> = app.db.fetch_optional(FIND, args![digest(&ticket)]).await?;
    let row = row.ok_or(TicketProblem::Invalid)?;
    let purpose = Purpose::from_word(&row.purpose).ok_or(TicketProblem::Invalid)?;
    let user = cx.find_user().await?;
    let is_owner = user.is_some_and(|it| {
        it.impersonator.is_none() && row.user_id.as_deref() == Some(it.user_id.as_str())
    });
    let now = app.clock.now();
    let last = latest_expiry(app, purpose);
    let is_valid = row.used_at.is_none() && (now + 1..=last).contains(&row.expires_at);
    let is_done = row.used_at.is_some()
        && is_owner
        && matches!(purpose, Purpose::Verification | Purpose::EmailChange)
        && row.email_verified_at.is_some()
        && row.email.as_deref() == Some(row.address.as_str());
    // Issued to work for as long as a notice, after the waiting period.
    let works_from = (purpose == Purpose::FactorRecovery)
        .then(|| row.expires_at - seconds(app.config.tickets.not_me));
    let is_early = works_from.is_some_and(|it| now < it);
    let state = match (is_valid, is_done) {
        (true, _) if is_early => TicketState::TooEarly,
        (true, _) => TicketState::Valid,
        (false, true) => TicketState::Done,
        (false, false) => return Err(TicketProblem::Invalid.into()),
    };
    Ok(TicketView {
        id: row.id,
        purpose,
        state,
        email: row.address,
        is_owner,
        has_password: row.password_changed_at.is_some(),
        works_from,
    })
}
