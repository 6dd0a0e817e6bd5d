//! Deletes old events from the start of the audit log.

use super::chain::{
    AT_ONCE, EventRow, LIST_TRIMMED, LOCK_HEAD, Mark, find_mark, move_mark, seal_rows,
};
use super::{Entry, record};
use crate::args;
use crate::audit::EventKind;
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Client, Error};

/// Finds the position of the first event to keep; no row if all are older. An event dated in the future was
/// written while a clock was ahead, and is as old as those after it.
const FIND_FIRST_KEPT: &str = "
    SELECT position
    FROM audit_events
    WHERE position > $1 AND at >= $2 AND at <= $3
    ORDER BY position
    LIMIT 1";

/// Finds the last event before that whose age is known.
const FIND_LAST_OLD: &str = "
    SELECT position
    FROM audit_events
    WHERE position > $1 AND position <= $2 AND at < $3
    ORDER BY position DESC
    LIMIT 1";

/// Finds no row if an event before it is missing.
const FIND_DIGEST: &str = "
    SELECT digest
    FROM audit_events
    WHERE position = $1
        AND (SELECT COUNT(*) FROM audit_events b WHERE b.position > $2 AND b.position <= $1) = $3";

const DROP: &str = "
    DELETE FROM audit_events
    WHERE position <= $1";

/// Deletes the events older than `audit.keep`, from the start of the log. The chain then starts after them.
pub async fn trim(app: &App, time: TimeRange) -> Result<(), Error> {
    let Some(keep) = app.config.audit.keep else { return Ok(()) };
    let before = time.earliest.saturating_sub(seconds(keep));
    while trim_some(app, before, time.latest + SKEW).await? {}
    Ok(())
}

/// Deletes some of them. Returns whether there may be more.
async fn trim_some(app: &App, before: i64, future: i64) -> Result<bool, Error> {
    let mut tx = app.db.begin().await?;
    let head: Mark = tx.fetch_one(LOCK_HEAD, args![]).await?;
    let start = find_mark(&mut tx, "start").await?.unwrap_or_default();
    let trim_events: Vec<EventRow> = tx.fetch_all(LIST_TRIMMED, args![start.position]).await?;
    if start.position != 0 && !trim_events.iter().any(|it| it.witness(&start).is_some()) {
        // Deleting more would write an event that vouches for another party's deletion.
        tracing::error!(%start, "no event records the audit log's start; run `audit verify`");
        return Ok(false);
    }
    let Some((last, last_old)) =
        find_last(&mut tx, start.position, head.position, (before, future)).await?
    else {
        return Ok(false);
    };
    let digest: Option<String> = tx
        .scalar_optional(
            FIND_DIGEST,
            args![last, start.position, last.saturating_sub(start.position)],
        )
        .await?;
    // `verify` reports missing events.
    let Some(digest) = digest else { return Ok(false) };
    tx.execute(DROP, args![last]).await?;
    let about = format!("{} to {last} {digest}", start.position.saturating_add(1));
    let start = Mark { position: last, digest };
    move_mark(&mut tx, "start", &start).await?;
    let entry = Entry::new(EventKind::AuditTrimmed, None).about(&about);
    record(&mut tx, &entry, &Client::default(), app.clock.now()).await?;
    // Seal it at once, so that the start always has the event that vouches for it.
    let mut trim_events: Vec<EventRow> = tx.fetch_all(LIST_TRIMMED, args![start.position]).await?;
    trim_events.retain(|it| it.position.is_none());
    let end = seal_rows(&mut tx, head.clone(), trim_events).await?;
    tx.commit().await?;
    tracing::info!(%start, head = %end, "audit log trimmed");
    Ok(last < last_old)
}

/// Returns the positions of the last event to delete now and of the last deletable one, or `None`.
async fn find_last(
    tx: &mut Tx,
    start: i64,
    head: i64,
    (before, future): (i64, i64),
) -> Result<Option<(i64, i64)>, Error> {
    let first_kept: Option<i64> =
        tx.scalar_optional(FIND_FIRST_KEPT, args![start, before, future]).await?;
    let last_old: Option<i64> = tx
        .scalar_optional(
            FIND_LAST_OLD,
            args![start, first_kept.map_or(head, |it| it.saturating_sub(1)), before],
        )
        .await?;
    Ok(last_old.map(|it| (it.min(start.saturating_add(AT_ONCE)), it)))
}
