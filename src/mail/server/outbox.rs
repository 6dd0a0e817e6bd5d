//! The `mails` table: what waits to be sent, and what became of it.
//!
//! A row is written in the transaction of the act that it tells of. A job sends it, as often as it
//! takes within a day: a server that is down for an hour loses nothing and nobody waits for it. What
//! a mail says is sealed, since it holds tickets, and is wiped once it is sent.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Mail, Message, Transport};
use crate::args;
use crate::audit::Kind;
use crate::audit::server::{Entry, record};
use crate::record;
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::timekeeper::Range;
use crate::server::{App, Client, Db, Error};
use crate::text::unicode::clean;
use crate::text::utc;
use crate::user::Email;
use crate::user::server::UserId;

/// How many are sent at the same time.
const AT_ONCE: i64 = 8;

/// How many rounds a pass has at most.
const ROUNDS: usize = 32;

/// How long after its start a pass begins another round.
const PASS: Duration = Duration::from_mins(1);

/// Seconds for which a mail that is being sent is no other process's: longer than any `mail.timeout`.
const LEASE: i64 = 300;

/// The waits after an attempt failed, in seconds: the first, and the longest.
const FIRST_WAIT: i64 = 5;
const LONGEST_WAIT: i64 = 900;

const INSERT: &str = "
    INSERT INTO mails (id, name, user_id, recipient, sealed, created_at, due_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)";

/// Due, or waiting for longer than anything waits: the clock was set back.
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

/// Times in the future were written while a clock was ahead; what they date grows old from now on.
const MEND_FUTURE: &str = "
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
    /// A mail of the outbox, as operators see it. Times are Unix seconds.
    #[derive(Clone, Debug, Serialize)]
    pub struct Listed {
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

impl Listed {
    /// What became of it.
    #[must_use]
    pub fn state(&self) -> String {
        match (self.sent_at, self.given_up_at, self.tries) {
            (Some(at), ..) => format!("sent {}", utc(at)),
            (_, Some(at), _) => format!("given up {}", utc(at)),
            (_, _, 0) => "waiting".to_owned(),
            (_, _, tries) => format!("tried {tries} times, next {}", utc(self.due_at)),
        }
    }
}

/// What is sealed of a mail.
#[derive(Serialize, Deserialize)]
struct Sealed {
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
    let content = Sealed { message, link: mail.link().map(str::to_owned) };
    let sealed = app.seal.seal(&bound_to(&id), &serde_json::to_vec(&content)?)?;
    tx.execute(
        INSERT,
        args![&id, mail.name(), user.map(UserId::as_str), to.as_str(), sealed, app.clock.now()],
    )
    .await?;
    Ok(())
}

fn bound_to(id: &str) -> String {
    format!("mail {id}")
}

/// Sends what is due: at most a number of rounds, and none that begins late. What is left is the
/// next pass's.
pub async fn deliver(app: &Arc<App>) -> Result<(), Error> {
    let began = Instant::now();
    for _ in 0..ROUNDS {
        if began.elapsed() > PASS || !send_round(app).await? {
            break;
        }
    }
    Ok(())
}

/// Sends the mails that are due longest, all at the same time; false if there are none. A failure of
/// ours keeps none from its end: a mail that is broken off may be sent twice.
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

/// Takes a mail, unless another process has.
async fn claim(app: &App, row: &Row) -> Result<bool, Error> {
    let claimed = app
        .db
        .execute(CLAIM, args![app.clock.now() + LEASE, &row.id, row.due_at, row.tries])
        .await?;
    Ok(claimed == 1)
}

async fn attempt(app: &App, row: Row) -> Result<(), Error> {
    match hand_over(app, &row).await {
        Ok(()) => {
            app.db.execute(MARK_SENT, args![app.clock.now(), &row.id]).await?;
            Ok(())
        }
        Err(error) => fail(app, &row, &error).await,
    }
}

async fn hand_over(app: &App, row: &Row) -> Result<(), Error> {
    let content = app.seal.open(&bound_to(&row.id), &row.sealed);
    let content = content.ok_or_else(|| Error::Mail("it was sealed with another key".into()))?;
    let Sealed { message, link } = serde_json::from_slice(&content)?;
    let config = &app.config.mail;
    let composed = message.compose(&config.from, &row.recipient, &row.id, row.created_at)?;
    let file = format!("{}-{}-{}", row.created_at, row.name, row.id);
    app.mail.send(&composed, &file).await?;
    match &app.mail {
        Transport::Smtp(_) => tracing::info!(mail = row.name, id = row.id, "mail sent"),
        Transport::Folder(folder) => {
            let file = folder.join(format!("{file}.eml"));
            let file = file.display();
            // Who tries the app has no other way to see it; of a site that others can open no link is
            // ever logged.
            let link = link.filter(|_| !app.config.site.is_https());
            tracing::info!(mail = row.name, to = row.recipient, %file, link, "mail written");
        }
    }
    Ok(())
}

/// Whether another try would end the same way: the server refused this recipient or this mail for
/// good, or there is no such address. A server that refuses us is none of these: once the settings are
/// right it takes the mail.
const fn is_final(error: &Error) -> bool {
    matches!(error, Error::MailRefused { .. } | Error::Recipient(_) | Error::Message(_))
}

/// Puts a mail off, or gives it up: at once if trying again can't help, else once it has been tried for
/// long enough.
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
    let entry = Entry::new(Kind::MailGivenUp, user.as_ref()).about(&row.name);
    record(&mut tx, &entry, &Client::default(), now).await?;
    tx.commit().await
}

/// The newest mails of the outbox, before the one that is named.
pub async fn list(db: &Db, before: &str, limit: i64) -> Result<Vec<Listed>, Error> {
    db.fetch_all(LIST, args![before, limit]).await
}

/// How many mails were given up, of those that the outbox still lists.
pub async fn count_given_up(db: &Db) -> Result<i64, Error> {
    db.scalar(COUNT_GIVEN_UP, args![]).await
}

/// Drops what has long been sent or given up.
pub async fn sweep(app: &App, time: Range) -> Result<(), Error> {
    let before = time.earliest - seconds(app.config.mail.keep);
    app.db.execute(DELETE_OLD, args![before]).await?;
    app.db.execute(MEND_FUTURE, args![time.latest, time.latest + SKEW]).await?;
    Ok(())
}
