//! Finds the events that administrators read, and reads them for an export.

use serde::Serialize;

use super::super::EventKind;
use crate::record;
use crate::server::db::query::Query;
use crate::server::{App, Error};
use crate::text::unicode::without_formulas;

/// A filter for events. An empty filter matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// A user's id, or `command-line`.
    pub actor: Option<String>,
    /// The id of the user whose account it was.
    pub subject: Option<String>,
    pub kind: Option<EventKind>,
    /// In Unix seconds.
    pub from: Option<i64>,
    /// In Unix seconds, exclusive.
    pub until: Option<i64>,
}

record! {
    /// An event, with the current email addresses of its user and its actor.
    #[derive(Clone, Debug, Serialize)]
    pub struct Event {
        pub id: String,
        pub at: i64,
        pub kind: String,
        /// The user whose account it was.
        pub user_id: Option<String>,
        /// The user's email address, as long as they have one.
        pub user: Option<String>,
        /// The actor if it was not the user: a user's id, or `command-line`.
        pub actor: String,
        pub actor_name: Option<String>,
        pub about: String,
        pub address: String,
        pub browser: String,
        pub position: Option<i64>,
        pub digest: Option<String>,
    }
}

impl Event {
    /// Returns a copy for spreadsheets, which would run text that begins like a formula. The server generates
    /// the event's id, so it stays as it is.
    #[must_use]
    pub fn escaped_for_csv(&self) -> Self {
        let guard = without_formulas;
        Self {
            kind: guard(&self.kind),
            user_id: self.user_id.as_deref().map(guard),
            actor: guard(&self.actor),
            user: self.user.as_deref().map(guard),
            actor_name: self.actor_name.as_deref().map(guard),
            about: guard(&self.about),
            address: guard(&self.address),
            browser: guard(&self.browser),
            digest: self.digest.as_deref().map(guard),
            ..self.clone()
        }
    }
}

const SELECT: &str = "
    SELECT e.id, e.at, e.kind, e.user_id, u.email AS user, e.actor, a.email AS actor_name, e.about,
        e.address, e.browser, e.position, e.digest
    FROM audit_events e
    LEFT JOIN users u ON u.id = e.user_id
    LEFT JOIN users a ON a.id = e.actor
    WHERE 1 = 1";

impl EventFilter {
    fn query(&self) -> Query<'_> {
        let mut query = Query::new(SELECT);
        if let Some(actor) = &self.actor {
            // Both conditions, so that the partial index on `actor` is used.
            query.sql(" AND e.actor <> '' AND e.actor = ").bind(actor);
        }
        if let Some(subject) = &self.subject {
            query.sql(" AND e.user_id = ").bind(subject);
        }
        if let Some(kind) = self.kind {
            query.sql(" AND e.kind = ").bind(kind.as_str());
        }
        if let Some(from) = self.from {
            query.sql(" AND e.at >= ").bind(from);
        }
        if let Some(until) = self.until {
            query.sql(" AND e.at < ").bind(until);
        }
        query
    }
}

/// Finds some events before this time and id, newest first.
pub async fn find(
    app: &App,
    filter: &EventFilter,
    before: Option<&(i64, String)>,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let mut query = filter.query();
    if let Some((at, id)) = before {
        query.sql(" AND (e.at, e.id) < (").bind(*at).sql(", ").bind(id).sql(")");
    }
    query.sql(" ORDER BY e.at DESC, e.id DESC LIMIT ").bind(limit);
    query.fetch_all(&app.db).await
}

/// The number of events that an export reads at once.
const AT_ONCE: i64 = 1000;

/// Reads all events up to now, oldest first, in batches. It holds no lock between batches, so a slow reader
/// blocks no one; an event stays as it was written.
#[derive(Debug)]
pub struct Reader {
    filter: EventFilter,
    after: (i64, String),
    last: (i64, String),
}

impl Reader {
    pub async fn begin(app: &App, filter: EventFilter) -> Result<Self, Error> {
        let newest = find(app, &filter, None, 1).await?.pop();
        let last = newest.map_or((i64::MIN, String::new()), |it| (it.at, it.id));
        Ok(Self { filter, after: (i64::MIN, String::new()), last })
    }

    /// Reads the next batch. Returns `None` after the last.
    pub async fn next(&mut self, app: &App) -> Result<Option<Vec<Event>>, Error> {
        let mut query = self.filter.query();
        query.sql(" AND (e.at, e.id) > (").bind(self.after.0).sql(", ").bind(&self.after.1);
        query.sql(") AND (e.at, e.id) <= (").bind(self.last.0).sql(", ").bind(&self.last.1);
        query.sql(") ORDER BY e.at, e.id LIMIT ").bind(AT_ONCE);
        let events: Vec<Event> = query.fetch_all(&app.db).await?;
        let Some(last) = events.last() else { return Ok(None) };
        self.after = (last.at, last.id.clone());
        Ok(Some(events))
    }
}
