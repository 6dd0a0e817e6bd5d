//! Sign-ins by mail: requested by a browser, processed by a job, and completed with a code or a
//! link in the same browser.

use super::{Code, CodeProblem};
use crate::args;
use crate::audit::Kind;
use crate::audit::server::{Entry, note, record};
use crate::error::AppError;
use crate::form::{Done, Notice, RowId};
use crate::known_place::server::Share;
use crate::mail::server::{self as mail, Event, Mail};
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::record;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::digest::{digest, random_token};
use crate::server::feature::AppCookie;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Client, Context, Error};
use crate::sign_in::server::{Attempt, Intent, advance, is_key, last_end, lock, set_owner};
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem};
use crate::unwinding::server::unwind;
use crate::user::Email;
use crate::user::server::Owner;
use crate::user::server::{UserId, find_by_email, find_contact, set_email};

/// Binds a sign-in by mail to this browser.
pub static COOKIE: AppCookie =
    AppCookie::for_token("portcullis-mail", |app, key| Box::pin(is_key(app, key)));

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

const WAITING: &str = "
    SELECT m.attempt_id, m.email, m.sealed, m.address, m.browser, m.created_at
    FROM mailed_sign_ins m
    JOIN sign_in_attempts a ON a.id = m.attempt_id
    WHERE m.answered_at IS NULL AND a.expires_at > $1
    ORDER BY m.attempt_id
    LIMIT $2";

const ANSWER: &str = "
    UPDATE mailed_sign_ins
    SET answered_at = $1
    WHERE attempt_id = $2 AND answered_at IS NULL";

const SET_TICKET: &str = "
    UPDATE mailed_sign_ins
    SET ticket_digest = $1
    WHERE attempt_id = $2";

record! {
    /// The sign-in that this browser requested.
    struct Asked {
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
    struct Waiting {
        attempt_id: String,
        email: String,
        sealed: String,
        address: String,
        browser: String,
        created_at: i64,
    }
}

fn bound_to(id: &str) -> String {
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
pub async fn ask(cx: &Context, email: &Email, intent: Intent) -> Result<(), Error> {
    let app = &cx.app;
    let share = Share::of(cx, email).await?;
    let browser = random_token()?;
    let lifetime = seconds(app.config.tickets.sign_in);
    let mut tx = app.db.begin().await?;
    share.take_in(cx, &mut tx, LimitedAction::MailedSignIn).await?;
    let attempt_id = Attempt::new(intent).keep(app, &mut tx, &browser, lifetime).await?;
    let sealed = app.seal.seal(&bound_to(&attempt_id), random_code()?.as_bytes())?;
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

/// Asks again with the email address that this browser gave last; returns false if that attempt is
/// over. Only the new mail counts from then on.
pub async fn ask_again(cx: &Context) -> Result<bool, Error> {
    let Some(asked) = find(cx).await? else { return Ok(false) };
    let (Ok(email), Ok(intent)) = (asked.email.parse(), serde_json::from_str(&asked.intent)) else {
        return Ok(false);
    };
    ask(cx, &email, intent).await?;
    Ok(true)
}

async fn find(cx: &Context) -> Result<Option<Asked>, Error> {
    let Some(browser) = cx.get(&COOKIE) else { return Ok(None) };
    let now = cx.app.clock.now();
    cx.app.db.fetch_optional(FIND, args![digest(&browser), now, last_end(&cx.app, now)]).await
}

/// Returns whether this browser requested the mailed link that it opened.
pub async fn is_asker(cx: &Context) -> Result<bool, Error> {
    let ticket = cx.get(&tickets::COOKIE).map(digest);
    let asked = find(cx).await?;
    Ok(ticket.is_some() && asked.is_some_and(|it| it.ticket_digest == ticket))
}

/// Processes waiting requests, oldest first. One that fails does not hold up the others.
pub async fn work(app: &App) -> Result<(), Error> {
    let waiting: Vec<Waiting> = app.db.fetch_all(WAITING, args![app.clock.now(), AT_ONCE]).await?;
    let mut done = Ok(());
    for it in waiting {
        done = done.and(answer(app, &it).await);
    }
    done
}

async fn answer(app: &App, waiting: &Waiting) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    if !lock(&mut tx, &waiting.attempt_id).await? {
        return Ok(());
    }
    let taken = tx.execute(ANSWER, args![app.clock.now(), &waiting.attempt_id]).await?;
    if taken == 1 {
        send(app, &mut tx, waiting).await?;
    }
    tx.commit().await
}

/// Sends the mail if the email address has an account.
async fn send(app: &App, tx: &mut Tx, waiting: &Waiting) -> Result<(), Error> {
    let Waiting { attempt_id: id, created_at, .. } = waiting;
    let (Ok(asked), Some(code)) =
        (waiting.email.parse::<Email>(), app.seal.open(&bound_to(id), &waiting.sealed))
    else {
        // Sealed with another key; the visitor has to ask again.
        tracing::error!(id, "a request to sign in by mail can't be opened with this server's key");
        return Ok(());
    };
    let Some((user_id, email)) = find_by_email(tx, asked.key()).await? else { return Ok(()) };
    let client =
        Client { ip: None, ip_text: waiting.address.clone(), user_agent: waiting.browser.clone() };
    let contact = find_contact(tx, &user_id).await?;
    if contact.is_kept_out(app.timekeeper.range().earliest) {
        return Ok(());
    }
    let issued = tickets::issue(app, tx, Purpose::SignIn, Some(&user_id), &email).await?;
    tx.execute(SET_TICKET, args![issued.digest(), id]).await?;
    set_owner(tx, id, &Owner { user_id: user_id.clone(), epoch: contact.epoch }).await?;
    let letter = Mail::SignIn {
        event: Event::new(*created_at, &client),
        link: issued.link,
        code: String::from_utf8_lossy(&code).into_owned(),
        lifetime: issued.lifetime,
    };
    mail::send(app, tx, Some(&user_id), &email, &letter).await?;
    record(tx, &Entry::new(Kind::SignInMailAsked, Some(&user_id)), &client, *created_at).await
}

/// Signs in with the code of the last mail. Every try counts, however many mails were sent.
pub async fn by_code(cx: &Context, code: &Code) -> Result<Done, Error> {
    let app = &cx.app;
    let asked = find(cx).await?.ok_or_else(expired)?;
    let email: Email = asked.email.parse().map_err(|_| expired())?;
    let share = Share::of(cx, &email).await?;
    let mut tx = app.db.begin().await?;
    share.take_in(cx, &mut tx, LimitedAction::Code).await?;
    tx.commit().await?;
    let expected = app.seal.open(&bound_to(&asked.attempt_id), &asked.sealed);
    let mut tx = app.db.begin().await?;
    // Compared by digest, so the time does not reveal how much of the code was right.
    if expected.map(digest) != Some(digest(code.secret().expose())) {
        let user = find_by_email(&mut tx, email.key()).await?.map(|(user_id, _)| user_id);
        let entry = Entry::new(Kind::SignInRefused, user.as_ref()).about("code");
        record(&mut tx, &entry, &cx.client, app.clock.now()).await?;
        tx.commit().await?;
        return Err(AppError::from(CodeProblem::Wrong).into());
    }
    limits::reset_account(&mut tx, LimitedAction::Code, &share.subject).await?;
    enter(cx, tx, asked, &email).await?.ok_or_else(|| expired().into())
}

fn expired() -> AppError {
    CodeProblem::Expired.into()
}

/// Signs in with the mailed link.
pub async fn by_link(cx: &Context, named: &RowId) -> Result<Done, Error> {
    let ticket = tickets::open(cx, Purpose::SignIn, named).await?;
    let asked = find(cx).await?.ok_or(TicketProblem::Invalid)?;
    let mut tx = cx.app.db.begin().await?;
    let used = tickets::take(cx, &mut tx, &ticket).await?;
    if asked.ticket_digest.as_ref() != Some(&used.digest) {
        return Err(TicketProblem::Invalid.into());
    }
    let done = enter(cx, tx, asked, &used.address).await?;
    tickets::forget(cx);
    done.ok_or_else(|| TicketProblem::Invalid.into())
}

/// Signs in the user who proved access to an email address, and first unwinds the account if the address was
/// not verified. Returns `None` if the account has it no longer, or the mail was used already.
async fn enter(
    cx: &Context,
    mut tx: Tx,
    asked: Asked,
    email: &Email,
) -> Result<Option<Done>, Error> {
    let app = &cx.app;
    let Some(user_id) = asked.user_id.map(UserId::from) else { return Ok(None) };
    let contact = find_contact(&mut tx, &user_id).await?;
    let browser = cx.get(&COOKIE).unwrap_or_default();
    let taken = Attempt::take(app, &mut tx, &asked.attempt_id, &browser).await?;
    let own = contact.email.filter(|it| it == email);
    let (Some(attempt), Some(own)) = (taken, own) else { return Ok(None) };
    // Whatever ended all sessions since, such as a new password or "this was not me", ends this too.
    if attempt.expected.as_ref().map(|it| it.epoch) != Some(contact.epoch) {
        return Ok(None);
    }
    if !contact.is_verified {
        unwind(app, &mut tx, &user_id).await?;
        set_email(&mut tx, &user_id, &own, app.clock.now()).await?;
        note(cx, &mut tx, Kind::AddressVerified, &user_id).await?;
    }
    tickets::revoke(&mut tx, &user_id, Purpose::SignIn).await?;
    let epoch = find_contact(&mut tx, &user_id).await?.epoch;
    tx.commit().await?;
    cx.clear(&COOKIE);
    let owner = Owner { user_id, epoch };
    let proof = Proof::new(Method::Email, owner.clone(), app.clock.now());
    let attempt = Attempt { expected: Some(owner), ..attempt };
    let done = advance(cx, attempt, proof).await?;
    let afresh = (!contact.is_verified).then_some(Notice::SignedInAfresh);
    Ok(Some(Done { notice: done.notice.or(afresh), ..done }))
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
