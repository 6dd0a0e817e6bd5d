//! The `mails` table: queued mails, and the outcome of sending them.
//!
//! A row is written in the transaction of the action that the mail reports. A job sends it and retries for up
//! to a day, so a mail server that is down for an hour loses nothing and blocks nobody. The content is sealed
//! because it holds tickets, and is wiped after the mail is sent.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Mail, Message, Transport};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{Entry, record};
use crate::record;
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Client, Db, Error};
use crate::text::unicode::clean;
use crate::text::utc;
use crate::user::Email;
use crate::user::server::UserId;

/// The number of mails sent at the same time.
const AT_ONCE: i64 = 8;

/// The most rounds in a pass.
const ROUNDS: usize = 32;

/// The time after which a pass starts no further round.
const PASS: Duration = Duration::from_mins(1);

/// How long a process claims a mail that it sends, in seconds: longer than any `mail.timeout`.
const LEASE: i64 = 300;

/// The delays after a failed attempt, in seconds: the first and the longest.
const FIRST_WAIT: i64 = 5;
const LONGEST_WAIT: i64 = 900;

const INSERT: &str = "
    INSERT INTO mails (id, name, user_id, recipient, sealed, created_at, due_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)";

/// Finds mails that are due, or due later than any delay allows because the clock was set back.
const FIND_DUE: &str = "
    SELECT id, name, user_id, recipient, sealed, created_at, due_at, tries
    FROM mails
    WHERE sent_at IS NULL AND given_up_at IS NULL AND (due_at <= $1 OR due_at > $2)
    ORDER BY due_at, id
    LIMIT $3";

const CLAIM: &str = "
    UPDATE mails
    SET due_at = $1, tries = tries + 1
    WHERE id = $2 AND due_at = $3 AND tries = $4 AND sent_at IS NULL AND given_up_at IS NULL";

const MARK_SENT: &str = "
    UPDATE mails
    SET sent_at = $1, sealed = '', problem = ''
    WHERE id = $2";

const POSTPONE: &str = "
    UPDATE mails
    SET due_at = $1, problem = $2
    WHERE id = $3 AND sent_at IS NULL";

const GIVE_UP: &str = "
    UPDATE mails
    SET given_up_at = $1, problem = $2, sealed = ''
    WHERE id = $3 AND sent_at IS NULL";

const LIST: &str = "
    SELECT id, name, recipient, created_at, due_at, tries, problem, sent_at, given_up_at
    FROM mails
    WHERE $1 = '' OR id < $1
    ORDER BY id DESC
    LIMIT $2";

const COUNT_GIVEN_UP: &str = "
    SELECT COUNT(*)
    FROM mails
    WHERE given_up_at IS NOT NULL";

const DELETE_OLD: &str = "
    DELETE FROM mails
    WHERE COALESCE(sent_at, given_up_at) <= $1";

/// Times in the future were written while a clock was ahead. Those mails age from now on.
const REDATE_FUTURE: &str = "
    UPDATE mails
    SET created_at = CASE WHEN created_at > $1 THEN $1 ELSE created_at END,
        sent_at = CASE WHEN sent_at > $1 THEN $1 ELSE sent_at END,
        given_up_at = CASE WHEN given_up_at > $1 THEN $1 ELSE given_up_at END
    WHERE created_at > $2 OR sent_at > $2 OR given_up_at > $2";

record! {
    #[derive(Clone, Debug)]
    struct Row {
        id: String,
        name: String,
        user_id: Option<String>,
        recipient: String,
        sealed: String,
        created_at: i64,
        due_at: i64,
        tries: i64,
    }
}

record! {
    /// A mail in the outbox, as operators see it. Times are in Unix seconds.
    #[derive(Clone, Debug, Serialize)]
    pub struct ListedMail {
        pub id: String,
        pub name: String,
        pub recipient: String,
        pub created_at: i64,
        pub due_at: i64,
        pub tries: i64,
        pub problem: String,
        pub sent_at: Option<i64>,
        pub given_up_at: Option<i64>,
    }
}

impl ListedMail {
    /// Returns the state of the mail in words.
    #[must_use]
    pub fn state(&self) -> String {
        match (self.sent_at, self.given_up_at, self.tries) {
            (Some(at), ..) => format!("sent {}", utc(at)),
            (_, Some(at), _) => format!("given up {}", utc(at)),
            (_, _, 0) => "queued".to_owned(),
            (_, _, tries) => format!("failed attempts: {tries}; next {}", utc(self.due_at)),
        }
    }
}

/// The sealed content of a mail.
#[derive(Serialize, Deserialize)]
struct SealedContent {
    message: Message,
    link: Option<String>,
}

pub(super) async fn insert(
    app: &App,
    tx: &mut Tx,
    user: Option<&UserId>,
    to: &Email,
    mail: &Mail,
) -> Result<(), Error> {
    let id = uuid::Uuid::now_v7().to_string();
    let message = app.templates.render(mail)?;
    let content = SealedContent { message, link: mail.link().map(str::to_owned) };
    let sealed = app.seal.seal(&seal_context(&id), &serde_json::to_vec(&content)?)?;
    tx.execute(
        INSERT,
        args![&id, mail.name(), user.map(UserId::as_str), to.as_str(), sealed, app.clock.now()],
    )
    .await?;
    Ok(())
}

fn seal_context(id: &str) -> String {
    format!("mail {id}")
}

/// Sends due mails, in a limited number of rounds that don't start late. The next pass sends the rest.
pub async fn deliver(app: &Arc<App>) -> Result<(), Error> {
    let began = Instant::now();
    for _ in 0..ROUNDS {
        if began.elapsed() > PASS || !send_round(app).await? {
            break;
        }
    }
    Ok(())
}

/// Sends the mails that have been due longest, all at the same time. Returns false if there are none. Our own
/// errors interrupt no mail in progress, because an interrupted mail may be sent twice.
async fn send_round(app: &Arc<App>) -> Result<bool, Error> {
    let now = app.clock.now();
    let rows: Vec<Row> = app
        .db
        .fetch_all(FIND_DUE, args![now, now + LEASE.max(LONGEST_WAIT) + SKEW, AT_ONCE])
        .await?;
    let is_any = !rows.is_empty();
    let mut done = Ok(());
    let mut sending = JoinSet::new();
    for row in rows {
        match claim(app, &row).await {
            Ok(false) => {}
            Ok(true) => {
                let app = Arc::clone(app);
                sending.spawn(async move { attempt(&app, row).await });
            }
            Err(error) => done = Err(error),
        }
    }
    while let Some(attempted) = sending.join_next().await {
        done = done.and(attempted.unwrap_or_else(|error| Err(error.into())));
    }
    done.map(|()| is_any)
}

/// Claims a mail, unless another process has.
async fn claim(app: &App, row: &Row) -> Result<bool, Error> {
    let claimed = app
        .db
        .execute(CLAIM, args![app.clock.now() + LEASE, &row.id, row.due_at, row.tries])
        .await?;
    Ok(claimed == 1)
}

async fn attempt(app: &App, row: Row) -> Result<(), Error> {
    match send_row(app, &row).await {
        Ok(()) => {
            app.db.execute(MARK_SENT, args![app.clock.now(), &row.id]).await?;
            Ok(())
        }
        Err(error) => fail(app, &row, &error).await,
    }
}

async fn send_row(app: &App, row: &Row) -> Result<(), Error> {
    let content = app.seal.open(&seal_context(&row.id), &row.sealed);
    let content = content.ok_or_else(|| Error::Mail("it was encrypted with another key".into()))?;
    let SealedContent { message, link } = serde_json::from_slice(&content)?;
    let config = &app.config.mail;
    let composed = message.compose(&config.from, &row.recipient, &row.id, row.created_at)?;
    let file = format!("{}-{}-{}", row.created_at, row.name, row.id);
    app.mail.send(&composed, &file).await?;
    match &app.mail {
        Transport::Smtp(_) => tracing::info!(mail = row.name, id = row.id, "mail sent"),
        Transport::Folder(folder) => {
            let file = folder.join(format!("{file}.eml"));
            let file = file.display();
            // When trying the app, there is no other way to see the link. A site that others can open never
            // logs one.
            let link = link.filter(|_| !app.config.site.is_https());
            tracing::info!(mail = row.name, to = row.recipient, %file, link, "mail written");
        }
    }
    Ok(())
}

/// Returns whether a retry would fail the same way: the server permanently refused this recipient or this
/// mail, or the email address is invalid. A server that refuses us is different: once the settings are right,
/// it accepts the mail.
const fn is_final(error: &Error) -> bool {
    matches!(error, Error::MailRefused { .. } | Error::Recipient(_) | Error::Message(_))
}

/// Postpones a mail, or gives it up: at once if a retry can't help, otherwise after enough time for retries.
async fn fail(app: &App, row: &Row, error: &Error) -> Result<(), Error> {
    let now = app.clock.now();
    let problem = clean(&error.chain(), 300);
    let tries = row.tries + 1;
    let age = app.timekeeper.range().earliest - row.created_at;
    if age < seconds(app.config.mail.give_up_after) && !is_final(error) {
        let wait = FIRST_WAIT.saturating_mul(1 << row.tries.clamp(0, 20)).min(LONGEST_WAIT);
        tracing::warn!(mail = row.name, id = row.id, tries, problem, wait, "mail not sent yet");
        app.db.execute(POSTPONE, args![now + wait, problem, &row.id]).await?;
        return Ok(());
    }
    tracing::error!(mail = row.name, id = row.id, tries, problem, "mail given up");
    let mut tx = app.db.begin().await?;
    tx.execute(GIVE_UP, args![now, problem, &row.id]).await?;
    let user = row.user_id.clone().map(UserId::from);
    let entry = Entry::new(EventKind::MailGivenUp, user.as_ref()).about(&row.name);
    record(&mut tx, &entry, &Client::default(), now).await?;
    tx.commit().await
}

/// Lists the newest mails in the outbox before the named one.
pub async fn list(db: &Db, before: &str, limit: i64) -> Result<Vec<ListedMail>, Error> {
    db.fetch_all(LIST, args![before, limit]).await
}

/// Returns how many of the mails in the outbox were given up.
pub async fn count_given_up(db: &Db) -> Result<i64, Error> {
    db.scalar(COUNT_GIVEN_UP, args![]).await
}

/// Deletes mails that were sent or given up long ago.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let before = time.earliest - seconds(app.config.mail.keep);
    app.db.execute(DELETE_OLD, args![before]).await?;
    app.db.execute(REDATE_FUTURE, args![time.latest, time.latest + SKEW]).await?;
    Ok(())
}
