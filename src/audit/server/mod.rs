//! The `audit_events` table. A row is written, sealed once ([`chain`]) and never changed. No other code uses
//! the table.

pub mod chain;
pub mod file;
pub mod search;
pub mod trim;
pub mod verify;

use super::{ActivityList, ActivityView, EventKind};
use crate::args;
use crate::record;
use crate::server::db::Tx;
use crate::server::device;
use crate::server::{App, Client, Context, Error};
use crate::user::server::UserId;

/// The number of events on a page of the history.
const PAGE: usize = 50;

const INSERT: &str = "
    INSERT INTO audit_events (id, at, user_id, kind, about, address, browser, actor)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Lists the events before the one with this id. An empty id means the newest.
const LIST: &str = "
    SELECT id, at, kind, about, address, browser, actor
    FROM audit_events
    WHERE user_id = $1
        AND ($2 = '' OR (at, id) < (SELECT b.at, b.id FROM audit_events b WHERE b.id = $2))
    ORDER BY at DESC, id DESC
    LIMIT $3";

record! {
    struct Row {
        id: String,
        at: i64,
        kind: String,
        about: String,
        address: String,
        browser: String,
        actor: String,
    }
}

/// An event about to be written.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    kind: EventKind,
    user_id: Option<&'a UserId>,
    about: &'a str,
    actor: &'a str,
}

impl<'a> Entry<'a> {
    #[must_use]
    pub const fn new(kind: EventKind, user_id: Option<&'a UserId>) -> Self {
        Self { kind, user_id, about: "", actor: "" }
    }

    /// Adds the subject in a word or two. It must never be a secret.
    #[must_use]
    pub const fn about(self, about: &'a str) -> Self {
        Self { about, ..self }
    }

    /// Adds the actor, if it was not the user.
    #[must_use]
    pub const fn by(self, actor: &'a str) -> Self {
        Self { actor, ..self }
    }
}

/// Writes an event in the transaction of the action that it records, and a line to the log.
pub async fn record(
    tx: &mut Tx,
    entry: &Entry<'_>,
    client: &Client,
    now: i64,
) -> Result<(), Error> {
    tx.execute(
        INSERT,
        args![
            uuid::Uuid::now_v7().to_string(),
            now,
            entry.user_id.map(UserId::as_str),
            entry.kind.as_str(),
            entry.about,
            &client.ip_text,
            &client.user_agent,
            entry.actor
        ],
    )
    .await?;
    let user_id = entry.user_id.map_or("nobody", UserId::as_str);
    let (kind, about, actor) = (entry.kind.as_str(), entry.about, entry.actor);
    tracing::info!(user_id, kind, about, actor, address = client.ip_text, "audit");
    Ok(())
}

/// Records an event of one user in this request.
pub async fn record_event(
    cx: &Context,
    tx: &mut Tx,
    kind: EventKind,
    user_id: &UserId,
) -> Result<(), Error> {
    record_event_about(cx, tx, kind, user_id, "").await
}

/// Records an event of one user in this request, with the subject in a word or two.
pub async fn record_event_about(
    cx: &Context,
    tx: &mut Tx,
    kind: EventKind,
    user_id: &UserId,
    about: &str,
) -> Result<(), Error> {
    let signed_in = cx.find_user().await?.filter(|it| it.user_id == *user_id);
    let impersonator = signed_in.and_then(|it| it.impersonator.clone());
    let actor = impersonator.as_ref().map_or("", |it| it.user_id.as_str());
    let entry = Entry::new(kind, Some(user_id)).about(about).by(actor);
    record(tx, &entry, &cx.client, cx.app.clock.now()).await
}

/// Returns a page of a user's events, newest first.
pub async fn list(app: &App, user_id: &UserId, before: &str) -> Result<ActivityList, Error> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut rows: Vec<Row> = app.db.fetch_all(LIST, args![user_id.as_str(), before, limit]).await?;
    let has_more = rows.len() > PAGE;
    rows.truncate(PAGE);
    Ok(ActivityList {
        older: rows.last().filter(|_| has_more).map(|it| it.id.clone()),
        is_first: before.is_empty(),
        events: rows.into_iter().filter_map(Row::view).collect(),
        now: app.clock.now(),
    })
}

impl Row {
    /// Returns `None` for a kind that only another version knows. Hides an administrator's IP address and
    /// browser from the user.
    fn view(self) -> Option<ActivityView> {
        let kind = EventKind::from_word(&self.kind)?;
        let is_own = self.actor.is_empty();
        let has_browser = is_own && !self.browser.is_empty();
        Some(ActivityView {
            kind,
            about: self.about,
            is_own,
            device: has_browser.then(|| device::describe(&self.browser)),
            address: if is_own { self.address } else { String::new() },
            at: self.at,
        })
    }
}
