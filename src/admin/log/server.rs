//! Data of the audit log page.

use url::form_urlencoded::Serializer;

use super::{LogActor, LogList, LogParty, LogQuery, LogRow};
use crate::admin::server::manage;
use crate::admin::users::ListNote;
use crate::audit::EventKind;
use crate::audit::server::chain;
use crate::audit::server::search::{self, Event, EventFilter};
use crate::error::{AppError, RequestProblem};
use crate::role::server::COMMAND_LINE;
use crate::server::device;
use crate::server::{App, Error};
use crate::text::trim_pasted;
use crate::user::parse_day;

/// Events per page.
const PAGE: usize = 50;

/// Returns a page of events. Unknown values in the query are ignored and reported as notes.
pub async fn list(app: &App, mut query: LogQuery) -> Result<LogList, Error> {
    let mut notes = Vec::new();
    let (filter, is_known) = filter(app, &query).await?;
    if !is_known {
        notes.push(ListNote::UnknownFilter);
    }
    let before = parse_position(&query.before);
    if before.is_none() && !query.before.is_empty() {
        notes.push(ListNote::UnknownPosition);
        query.before = String::new();
    }
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut events = search::find(app, &filter, before.as_ref(), limit).await?;
    let has_more = events.len() > PAGE;
    events.truncate(PAGE);
    let last = events.last().filter(|_| has_more).map(|it| format!("{}.{}", it.at, it.id));
    let (head, unsealed) = chain::seal_progress(app).await?;
    Ok(LogList {
        first: (!query.before.is_empty()).then(|| path(&query, "")),
        next: last.map(|it| path(&query, &it)),
        rows: events.into_iter().map(row).collect(),
        query,
        notes,
        sealed: head,
        unsealed,
        now: app.clock.now(),
    })
}

/// Builds the filter from the query's fields. The flag is false if a field names something unknown.
pub async fn filter(app: &App, query: &LogQuery) -> Result<(EventFilter, bool), Error> {
    let (user, has_user) = resolve_party(app, &query.user).await?;
    let (actor, has_actor) = resolve_party(app, &query.actor).await?;
    let kind = EventKind::from_word(&query.kind);
    let (from, until) = (parse_day(&query.from), parse_day(&query.until));
    let is_known = has_user
        && has_actor
        && (kind.is_some() || query.kind.is_empty())
        && (from.is_some() || query.from.is_empty())
        && (until.is_some() || query.until.is_empty());
    Ok((EventFilter { actor, subject: user, kind, from, until }, is_known))
}

/// Resolves an email or a user id. An unknown UUID passes: it may be the id of a deleted account.
async fn resolve_party(app: &App, text: &str) -> Result<(Option<String>, bool), Error> {
    match trim_pasted(text) {
        "" => Ok((None, true)),
        COMMAND_LINE => Ok((Some(COMMAND_LINE.to_owned()), true)),
        text => match manage::find(app, text).await {
            Ok(id) => Ok((Some(id.as_str().to_owned()), true)),
            Err(Error::Refused(AppError::Request(RequestProblem::NotFound)))
                if uuid::Uuid::parse_str(text).is_ok() =>
            {
                Ok((Some(text.to_owned()), true))
            }
            Err(Error::Refused(AppError::Request(RequestProblem::NotFound))) => Ok((None, false)),
            Err(error) => Err(error),
        },
    }
}

/// Parses a position in the list: a time and an event id.
fn parse_position(text: &str) -> Option<(i64, String)> {
    let (at, id) = text.split_once('.')?;
    uuid::Uuid::parse_str(id).ok()?;
    Some((at.parse().ok()?, id.to_owned()))
}

fn path(query: &LogQuery, before: &str) -> String {
    let mut fields = Serializer::new(String::new());
    for (name, value) in [
        ("user", query.user.as_str()),
        ("actor", &query.actor),
        ("kind", &query.kind),
        ("from", &query.from),
        ("until", &query.until),
        ("before", before),
    ] {
        if !value.is_empty() {
            fields.append_pair(name, value);
        }
    }
    match fields.finish().as_str() {
        "" => "/admin/audit".to_owned(),
        fields => format!("/admin/audit?{fields}"),
    }
}

/// Converts an event to a row of the page.
#[must_use]
pub fn row(it: Event) -> LogRow {
    let kind = EventKind::from_word(&it.kind);
    let user = it.user_id.map(|id| LogParty { name: it.user.unwrap_or_else(|| id.clone()), id });
    let actor = match it.actor.as_str() {
        "" => None,
        COMMAND_LINE => Some(LogActor::CommandLine),
        id => Some(LogActor::User(LogParty {
            name: it.actor_name.unwrap_or_else(|| id.to_owned()),
            id: id.to_owned(),
        })),
    };
    LogRow {
        at: it.at,
        kind: it.kind,
        about: it.about,
        is_warning: kind.is_some_and(EventKind::is_warning),
        user,
        actor,
        device: (!it.browser.is_empty()).then(|| device::describe(&it.browser)),
        address: it.address,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_page_cursor_parses_from_its_text(at in any::<i64>(), text in "\\PC{0,40}") {
            let id = uuid::Uuid::now_v7().to_string();
            prop_assert_eq!(parse_position(&format!("{at}.{id}")), Some((at, id)));
            let _ = parse_position(&text);
        }
    }
}
