//! Sign-ins by mail: requested by a browser, processed by a job, and completed with a code or a
//! link in the same browser.

use crate::access_revocation::server::revoke_all_access;
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{Entry, record, record_event};
use crate::error::AppError;
use crate::form::{Done, Notice, RowId};
use crate::known_place::server::AttemptBucket;
use crate::mail::server::{self as mail, EventOrigin, Mail};
use crate::mailed_sign_in::{Code, CodeProblem};
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::record;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::digest::{digest, random_token};
use crate::server::feature::AppCookie;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Client, Context, Error};
use crate::sign_in::server::{
    Attempt, Intent, advance, has_attempt, latest_attempt_expiry, lock, set_owner,
};
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem};
use crate::user::Email;
use crate::user::server::Owner;
use crate::user::server::{UserId, find_by_email, lock_user, set_email};

mod second_factor;

pub use second_factor::{is_code_sent, send_code, use_code};

/// Binds a sign-in by mail to this browser.
pub static COOKIE: AppCookie =
    AppCookie::for_token("portcullis-mail", |app, key| Box::pin(has_attempt(app, key)));

/// How many requests one run of the job processes.
const AT_ONCE: i64 = 200;

const INSERT: &str = "
    INSERT INTO mailed_sign_ins (attempt_id, email, sealed, address, browser, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

/// Finds the one attempt that has this key. An expiry too far ahead was written before the clock
/// was set back.
const FIND: &str = "
    SELECT m.attempt_id, m.email, m.sealed, m.ticket_digest, a.user_id, a.intent
    FROM mailed_sign_ins m
    JOIN sign_in_attempts a ON a.id = m.attempt_id
    WHERE a.browser_digest = $1 AND a.expires_at > $2 AND a.expires_at <= $3";

const LIST_QUEUED: &str = "
    SELECT m.attempt_id, m.email, m.sealed, m.address, m.browser, m.created_at
    FROM mailed_sign_ins m
    JOIN sign_in_attempts a ON a.id = m.attempt_id
    WHERE m.answered_at IS NULL AND a.expires_at > $1
    ORDER BY m.attempt_id
    LIMIT $2";

const MARK_PROCESSED: &str = "
    UPDATE mailed_sign_ins
    SET answered_at = $1
    WHERE attempt_id = $2 AND answered_at IS NULL";

const SET_TICKET: &str = "
    UPDATE mailed_sign_ins
    SET ticket_digest = $1
    WHERE attempt_id = $2";

record! {
    /// The sign-in that this browser requested.
    struct RequestedSignIn {
        attempt_id: String,
        email: String,
        sealed: String,
        ticket_digest: Option<String>,
        /// `None` until a job has found the account.
        user_id: Option<String>,
        intent: String,
    }
}

record! {
    struct QueuedRequest {
        attempt_id: String,
        email: String,
        sealed: String,
        address: String,
        browser: String,
        created_at: i64,
    }
}

fn seal_context(id: &str) -> String {
    format!("mailed sign-in {id}")
}

/// Returns six random digits.
fn random_code() -> Result<String, Error> {
    // The last multiple of a million in 32 bits: beyond it, some codes would be more likely.
    const END: u32 = u32::MAX / 1_000_000 * 1_000_000;
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes)?;
        let number = u32::from_le_bytes(bytes);
        if number < END {
            return Ok(format!("{:06}", number % 1_000_000));
        }
    }
}

/// Records that this browser wants to sign in. A job looks up later whether the email address has
/// an account, so the response time reveals nothing.
pub async fn request_mail(cx: &Context, email: &Email, intent: Intent) -> Result<(), Error> {
    let app = &cx.app;
    let bucket = AttemptBucket::of(cx, email).await?;
    let browser = random_token()?;
    let lifetime = seconds(app.config.tickets.sign_in);
    let mut tx = app.db.begin().await?;
    bucket.take_in(cx, &mut tx, LimitedAction::MailedSignIn).await?;
    let attempt_id = Attempt::new(intent).store(app, &mut tx, &browser, lifetime).await?;
    let sealed = app.seal.seal(&seal_context(&attempt_id), random_code()?.as_bytes())?;
    tx.execute(
        INSERT,
        args![
            &attempt_id,
            email.as_str(),
            &sealed,
            &cx.client.ip_text,
            &cx.client.user_agent,
            app.clock.now()
        ],
    )
    .await?;
    tx.commit().await?;
    cx.set(&COOKIE, browser, lifetime);
    Ok(())
}

/// Requests another mail to the email address that this browser gave last; returns false if that attempt is
/// over. Only the new mail counts from then on.
pub async fn resend_mailed_sign_in(cx: &Context) -> Result<bool, Error> {
    let Some(requested) = find(cx).await? else { return Ok(false) };
    let (Ok(email), Ok(intent)) =
        (requested.email.parse(), serde_json::from_str(&requested.intent))
    else {
        return Ok(false);
    };
    request_mail(cx, &email, intent).await?;
    Ok(true)
}

async fn find(cx: &Context) -> Result<Option<RequestedSignIn>, Error> {
    let Some(browser) = cx.get(&COOKIE) else { return Ok(None) };
    let now = cx.app.clock.now();
    cx.app
        .db
        .fetch_optional(FIND, args![digest(&browser), now, latest_attempt_expiry(&cx.app, now)])
        .await
}

/// Returns whether this browser requested the mailed link that it opened.
pub async fn is_requesting_browser(cx: &Context) -> Result<bool, Error> {
    let ticket = cx.get(&tickets::COOKIE).map(digest);
    let requested = find(cx).await?;
    Ok(ticket.is_some() && requested.is_some_and(|it| it.ticket_digest == ticket))
}

/// Processes waiting requests, oldest first. One that fails does not hold up the others.
pub async fn process_requests(app: &App) -> Result<(), Error> {
    let queued: Vec<QueuedRequest> =
        app.db.fetch_all(LIST_QUEUED, args![app.clock.now(), AT_ONCE]).await?;
    let mut done = Ok(());
    for it in queued {
        done = done.and(process_request(app, &it).await);
    }
    done
}

async fn process_request(app: &App, queued: &QueuedRequest) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if !lock(&mut tx, &queued.attempt_id).await? {
        return Ok(());
    }
    let taken = tx.execute(MARK_PROCESSED, args![app.clock.now(), &queued.attempt_id]).await?;
    if taken == 1 {
        send(app, &mut tx, queued).await?;
    }
    tx.commit().await
}

/// Sends the mail if the email address has an account.
async fn send(app: &App, tx: &mut Tx, queued: &QueuedRequest) -> Result<(), Error> {
    let QueuedRequest { attempt_id: id, created_at, .. } = queued;
    let (Ok(requested), Some(code)) =
        (queued.email.parse::<Email>(), app.seal.open(&seal_context(id), &queued.sealed))
    else {
        // Sealed with another key; the visitor has to ask again.
        tracing::error!(id, "can't decrypt a request for a sign-in mail with this server's key");
        return Ok(());
    };
    let Some((user_id, email)) = find_by_email(tx, requested.key()).await? else { return Ok(()) };
    let client =
        Client { ip: None, ip_text: queued.address.clone(), user_agent: queued.browser.clone() };
    let locked = lock_user(tx, &user_id).await?;
    if locked.is_blocked(app.timekeeper.range().earliest) {
        return Ok(());
    }
    let issued = tickets::issue(app, tx, Purpose::SignIn, Some(&user_id), &email).await?;
    tx.execute(SET_TICKET, args![issued.digest(), id]).await?;
    set_owner(tx, id, &Owner { user_id: user_id.clone(), epoch: locked.epoch }).await?;
    let mail = Mail::SignIn {
        event: EventOrigin::new(*created_at, &client),
        link: issued.link,
        code: String::from_utf8_lossy(&code).into_owned(),
        lifetime: issued.lifetime,
    };
    mail::send(app, tx, Some(&user_id), &email, &mail).await?;
    record(tx, &Entry::new(EventKind::SignInMailRequested, Some(&user_id)), &client, *created_at)
        .await
}

/// Signs in with the code of the last mail. Every try counts, however many mails were sent.
pub async fn by_code(cx: &Context, code: &Code) -> Result<Done, Error> {
    let app = &cx.app;
    let requested = find(cx).await?.ok_or_else(expired)?;
    let email: Email = requested.email.parse().map_err(|_| expired())?;
    let bucket = AttemptBucket::of(cx, &email).await?;
    let mut tx = app.db.begin().await?;
    bucket.take_in(cx, &mut tx, LimitedAction::Code).await?;
    tx.commit().await?;
    let expected = app.seal.open(&seal_context(&requested.attempt_id), &requested.sealed);
    let mut tx = app.db.begin().await?;
    // Compared by digest, so the time does not reveal how much of the code was right.
    if expected.map(digest) != Some(digest(code.secret().expose())) {
        let user = find_by_email(&mut tx, email.key()).await?.map(|(user_id, _)| user_id);
        let entry = Entry::new(EventKind::SignInRefused, user.as_ref()).about("code");
        record(&mut tx, &entry, &cx.client, app.clock.now()).await?;
        tx.commit().await?;
        return Err(AppError::from(CodeProblem::Wrong).into());
    }
    limits::reset_subject(&mut tx, LimitedAction::Code, &bucket.subject).await?;
    complete_sign_in(cx, tx, requested, &email).await?.ok_or_else(|| expired().into())
}

fn expired() -> AppError {
    CodeProblem::Expired.into()
}

/// Signs in with the mailed link.
pub async fn by_link(cx: &Context, ticket_id: &RowId) -> Result<Done, Error> {
    let ticket = tickets::open(cx, Purpose::SignIn, ticket_id).await?;
    let requested = find(cx).await?.ok_or(TicketProblem::Invalid)?;
    let mut tx = cx.app.db.begin().await?;
    let used = tickets::take(cx, &mut tx, &ticket).await?;
    if requested.ticket_digest.as_ref() != Some(&used.digest) {
        return Err(TicketProblem::Invalid.into());
    }
    let done = complete_sign_in(cx, tx, requested, &used.email).await?;
    tickets::forget(cx);
    done.ok_or_else(|| TicketProblem::Invalid.into())
}

/// Signs in the user who proved access to an email address. If it was not verified, first revokes all other
/// access. Returns `None` if the account no longer has it, or if the mail was used already.
async fn complete_sign_in(
    cx: &Context,
    mut tx: Tx,
    requested: RequestedSignIn,
    email: &Email,
) -> Result<Option<Done>, Error> {
    let app = &cx.app;
    let Some(user_id) = requested.user_id.map(UserId::from) else { return Ok(None) };
    let locked = lock_user(&mut tx, &user_id).await?;
    let browser = cx.get(&COOKIE).unwrap_or_default();
    let taken = Attempt::take(app, &mut tx, &requested.attempt_id, &browser).await?;
    let own = locked.email.filter(|it| it == email);
    let (Some(attempt), Some(own)) = (taken, own) else { return Ok(None) };
    // Whatever ended all sessions since, such as a new password or securing the account, ends this too.
    if attempt.expected.as_ref().map(|it| it.epoch) != Some(locked.epoch) {
        return Ok(None);
    }
    if !locked.is_verified {
        revoke_all_access(app, &mut tx, &user_id).await?;
        set_email(&mut tx, &user_id, &own, app.clock.now()).await?;
        record_event(cx, &mut tx, EventKind::EmailVerified, &user_id).await?;
    }
    tickets::revoke(&mut tx, &user_id, Purpose::SignIn).await?;
    let epoch = lock_user(&mut tx, &user_id).await?.epoch;
    tx.commit().await?;
    cx.clear(&COOKIE);
    let owner = Owner { user_id, epoch };
    let proof = Proof::new(Method::Email, owner.clone(), app.clock.now());
    let attempt = Attempt { expected: Some(owner), ..attempt };
    let done = advance(cx, attempt, proof).await?;
    let notice = (!locked.is_verified).then_some(Notice::SignedInAfterRevocation);
    Ok(Some(Done { notice: done.notice.or(notice), ..done }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_0_0__6_5_3__codes_are_six_digits_and_every_digit_occurs_in_every_position() {
        let codes: Vec<_> = (0..2000).map(|_| random_code().unwrap()).collect();
        for place in 0..6 {
            let seen: std::collections::BTreeSet<_> =
                codes.iter().map(|it| it.as_bytes()[place]).collect();
            assert_eq!(seen, (b'0'..=b'9').collect());
        }
        assert!(codes.iter().all(|it| it.parse::<Code>().is_ok()));
    }
}
