//! The `tickets` table. A ticket is 256 random bits, stored as a digest, for one purpose, one user and one
//! email address. It expires, and works once even if many requests race for it.

use super::{Purpose, TicketView};
use crate::args;
use crate::form::RowId;
use crate::record;
use crate::server::clock::SKEW;
use crate::server::config::{TicketConfig, in_words, seconds};
use crate::server::db::Tx;
use crate::server::digest::{digest, is_token, random_token};
use crate::server::feature::AppCookie;
use crate::server::limits::{self, LimitedAction};
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::ticket::TicketProblem;
use crate::user::Email;
use crate::user::server::lifecycle::next_ticket_seq;
use crate::user::server::{UserId, lock_user};

mod view;

pub use view::view;

/// The cookie that holds the browser's mailed ticket.
pub static COOKIE: AppCookie =
    AppCookie::for_token("portcullis-ticket", |app, ticket| Box::pin(is_issued(app, ticket)));

/// How long the browser keeps a ticket, in seconds.
const COOKIE_LIFETIME: i64 = 3600;

const INSERT: &str = "
    INSERT INTO tickets (id, digest, purpose, user_id, address, created_at, expires_at, seq)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const FIND_ID: &str = "
    SELECT id
    FROM tickets
    WHERE digest = $1";

const FIND_OWNER: &str = "
    SELECT user_id
    FROM tickets
    WHERE digest = $1";

/// The only statement that uses a ticket: of concurrent requests, one succeeds.
const USE: &str = "
    UPDATE tickets
    SET used_at = $1
    WHERE digest = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1 AND expires_at <= $4
        AND ($5 = '' OR LOWER(address) = $5)
    RETURNING user_id, address, seq, role_id, invited_by";

const SET_INVITER: &str = "
    UPDATE tickets
    SET invited_by = $1, role_id = $2
    WHERE digest = $3";

const WITHDRAW: &str = "
    DELETE FROM tickets
    WHERE id = $1 AND purpose = 'invitation' AND used_at IS NULL
    RETURNING address";

const REVOKE: &str = "
    DELETE FROM tickets
    WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL";

const REVOKE_LATER: &str = "
    DELETE FROM tickets
    WHERE user_id = $1 AND seq > $2";

const DELETE_EXPIRED: &str = "DELETE FROM tickets WHERE expires_at <= $1";

/// Tickets issued in the future were issued while a clock was ahead. Their lifetime starts now.
const REDATE_FUTURE: &str = "
    UPDATE tickets
    SET expires_at = expires_at - created_at + $1, created_at = $1
    WHERE created_at > $2";

/// A ticket that was just used.
#[derive(Clone, Debug)]
pub struct UsedTicket {
    /// The digest of the ticket itself.
    pub digest: String,
    pub user_id: Option<UserId>,
    pub email: Email,
    /// Its number among the user's tickets.
    pub seq: i64,
    /// The role that the ticket gives.
    pub role_id: Option<String>,
    /// The inviter, as the audit log names them.
    pub invited_by: String,
}

record! {
    struct UsedRow {
        user_id: Option<String>,
        address: String,
        seq: i64,
        role_id: Option<String>,
        invited_by: String,
    }
}

impl UsedTicket {
    /// Returns `None` for a ticket without an email address.
    fn of((digest, row): (String, UsedRow)) -> Option<Self> {
        Some(Self {
            digest,
            user_id: row.user_id.map(UserId::from),
            email: row.address.parse().ok()?,
            seq: row.seq,
            role_id: row.role_id,
            invited_by: row.invited_by,
        })
    }

    /// Returns the ticket's user. Fails for invitations, which have no user yet.
    pub fn user(&self) -> Result<&UserId, Error> {
        self.user_id.as_ref().ok_or_else(|| TicketProblem::Invalid.into())
    }
}

/// A link with a fresh ticket, and its lifetime in words.
#[derive(Clone, Debug)]
pub struct IssuedTicket {
    pub link: String,
    pub lifetime: String,
    ticket: String,
}

impl IssuedTicket {
    /// Returns the digest that identifies the ticket in the database.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.ticket)
    }
}

fn lifetime(config: &TicketConfig, purpose: Purpose) -> std::time::Duration {
    match purpose {
        Purpose::Verification | Purpose::EmailChange => config.verification,
        Purpose::Recovery => config.recovery,
        Purpose::NotMe => config.not_me,
        Purpose::Invitation => config.invitation,
        Purpose::SignIn => config.sign_in,
        Purpose::SetUp => config.set_up,
        Purpose::FactorRecovery => config.factor_recovery,
    }
}

/// Issues a ticket, in the transaction that also queues its mail.
pub async fn issue(
    app: &App,
    tx: &mut Tx,
    purpose: Purpose,
    user: Option<&UserId>,
    address: &Email,
) -> Result<IssuedTicket, Error> {
    insert(app, tx, purpose, user, address.as_str()).await
}

/// Issues the ticket that creates the first administrator. It is not mailed.
pub async fn issue_set_up(app: &App, tx: &mut Tx) -> Result<IssuedTicket, Error> {
    insert(app, tx, Purpose::SetUp, None, "").await
}

async fn insert(
    app: &App,
    tx: &mut Tx,
    purpose: Purpose,
    user: Option<&UserId>,
    address: &str,
) -> Result<IssuedTicket, Error> {
    let ticket = random_token()?;
    let lifetime = lifetime(&app.config.tickets, purpose);
    let now = app.clock.now();
    let seq = match user {
        Some(user_id) => next_ticket_seq(tx, user_id).await?,
        None => 0,
    };
    tx.execute(
        INSERT,
        args![
            uuid::Uuid::now_v7().to_string(),
            digest(&ticket),
            purpose.as_str(),
            user.map(UserId::as_str),
            address,
            now,
            now + seconds(lifetime),
            seq
        ],
    )
    .await?;
    let link = format!("{}tickets/{ticket}", app.config.site.url);
    Ok(IssuedTicket { link, lifetime: in_words(lifetime), ticket })
}

/// Deletes an unused invitation, and returns the email address that it was sent to.
pub async fn withdraw_invitation(tx: &mut Tx, id: &str) -> Result<Option<Email>, Error> {
    let address: Option<String> = tx.scalar_optional(WITHDRAW, args![id]).await?;
    Ok(address.and_then(|it| it.parse().ok()))
}

/// Records the inviter, and the role that the ticket gives.
pub async fn set_inviter(
    tx: &mut Tx,
    issued: &IssuedTicket,
    invited_by: &str,
    role_id: Option<&str>,
) -> Result<(), Error> {
    tx.execute(SET_INVITER, args![invited_by, role_id, issued.digest()]).await?;
    Ok(())
}

/// Counts an attempt and returns the ticket that a form names. Fails if the browser has opened another link
/// since the form was shown, or if the ticket is not valid for this purpose.
pub async fn open(cx: &Context, purpose: Purpose, ticket_id: &RowId) -> Result<TicketView, Error> {
    count(cx).await?;
    let view = view(cx).await?;
    if view.id != ticket_id.as_str() {
        return Err(TicketProblem::OtherTicket.into());
    }
    if view.purpose != purpose {
        return Err(TicketProblem::Invalid.into());
    }
    Ok(view)
}

async fn is_issued(app: &App, ticket: &str) -> Result<bool, Error> {
    let id: Option<String> = app.db.scalar_optional(FIND_ID, args![digest(ticket)]).await?;
    Ok(id.is_some())
}

/// Fails unless the browser still has the ticket that the form was shown for.
pub async fn require_current_ticket(cx: &Context, ticket_id: &RowId) -> Result<(), Error> {
    let ticket = cx.get(&COOKIE).unwrap_or_default();
    let id: Option<String> = cx.app.db.scalar_optional(FIND_ID, args![digest(&ticket)]).await?;
    if id.as_deref() != Some(ticket_id.as_str()) {
        return Err(TicketProblem::OtherTicket.into());
    }
    Ok(())
}

/// Uses a ticket that was opened. Fails if it is not valid.
pub async fn take(cx: &Context, tx: &mut Tx, opened: &TicketView) -> Result<UsedTicket, Error> {
    let used = use_ticket(cx, tx, opened.purpose, "").await?;
    used.and_then(UsedTicket::of).ok_or_else(|| TicketProblem::Invalid.into())
}

/// Uses this browser's invitation if it was sent to this email address. Any other invitation stays unused.
pub async fn take_invitation(
    cx: &Context,
    tx: &mut Tx,
    email: &Email,
) -> Result<Option<UsedTicket>, Error> {
    Ok(use_ticket(cx, tx, Purpose::Invitation, email.key()).await?.and_then(UsedTicket::of))
}

/// Uses the ticket that creates the first administrator. Fails if it is not valid.
pub async fn take_set_up(cx: &Context, tx: &mut Tx, opened: &TicketView) -> Result<(), Error> {
    let used = use_ticket(cx, tx, opened.purpose, "").await?;
    used.map(drop).ok_or_else(|| TicketProblem::Invalid.into())
}

/// Uses the browser's ticket. Returns `None` if it is for another purpose or email address, was used, has
/// expired, or would outlive any other: it then dates from before the clock was set back.
async fn use_ticket(
    cx: &Context,
    tx: &mut Tx,
    purpose: Purpose,
    email_key: &str,
) -> Result<Option<(String, UsedRow)>, Error> {
    let Some(ticket) = cx.get(&COOKIE) else { return Ok(None) };
    let owner: Option<Option<String>> =
        tx.scalar_optional(FIND_OWNER, args![digest(&ticket)]).await?;
    if let Some(owner) = owner.flatten() {
        // Lock the user before the ticket, as revoking tickets does.
        lock_user(tx, &owner.into()).await?;
    }
    let now = cx.app.clock.now();
    let last = latest_expiry(cx.app.as_ref(), purpose);
    let found: Option<UsedRow> = tx
        .fetch_optional(USE, args![now, digest(&ticket), purpose.as_str(), last, email_key])
        .await?;
    Ok(found.map(|row| (digest(&ticket), row)))
}

/// Returns the latest end of a ticket issued until now, in Unix seconds. A notice works whatever clock dated
/// it: it must restore an account from an attacker who may have acted through a process with a wrong clock.
fn latest_expiry(app: &App, purpose: Purpose) -> i64 {
    match purpose {
        Purpose::NotMe => i64::MAX,
        _ => app.clock.now() + seconds(lifetime(&app.config.tickets, purpose)) + SKEW,
    }
}

/// Counts an attempt with this browser's ticket against the rate limits. A digest that matches no ticket
/// counts the same.
async fn count(cx: &Context) -> Result<(), Error> {
    let ticket = cx.get(&COOKIE).map(digest);
    limits::take(&cx.app, LimitedAction::Verification, &cx.client, ticket.as_deref()).await
}

/// Deletes the user's unused tickets for one purpose.
pub async fn revoke(tx: &mut Tx, user: &UserId, purpose: Purpose) -> Result<(), Error> {
    tx.execute(REVOKE, args![user.as_str(), purpose.as_str()]).await?;
    Ok(())
}

/// Deletes all tickets of the user that were issued after this one.
pub async fn revoke_later(tx: &mut Tx, user_id: &UserId, used: &UsedTicket) -> Result<(), Error> {
    tx.execute(REVOKE_LATER, args![user_id.as_str(), used.seq]).await?;
    Ok(())
}

/// Stores a ticket in the browser's cookie. Returns `None` if it can't be a ticket.
#[must_use]
pub fn store_in_cookie(cx: &Context, ticket: &str) -> Option<()> {
    if !is_token(ticket) {
        return None;
    }
    cx.set(&COOKIE, ticket.to_owned(), COOKIE_LIFETIME);
    Some(())
}

/// Stores a ticket that was issued for this browser itself.
pub fn store_issued(cx: &Context, issued: IssuedTicket) {
    cx.set(&COOKIE, issued.ticket, COOKIE_LIFETIME);
}

/// Clears the browser's ticket.
pub fn forget(cx: &Context) {
    cx.clear(&COOKIE);
}

/// Deletes expired tickets.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    app.db.execute(DELETE_EXPIRED, args![time.earliest]).await?;
    app.db.execute(REDATE_FUTURE, args![time.latest, time.latest + SKEW]).await?;
    Ok(())
}
