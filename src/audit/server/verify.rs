//! Verifies that the whole chain, from its start to its head, is as it was written.

use std::collections::BTreeMap;

use serde::Serialize;

use super::chain::{COUNT_UNSEALED, EventRow, Mark, Witness, find_mark, head};
use crate::args;
use crate::server::db::Tx;
use crate::server::{App, Error};

/// The number of events that one query reads.
const PAGE: i64 = 5000;

const LIST_SEALED: &str = "
    SELECT id, at, user_id, kind, about, address, browser, actor, position, digest
    FROM audit_events
    WHERE position > $1
    ORDER BY position
    LIMIT $2";

const FIND_BEFORE_START: &str = "
    SELECT id, position
    FROM audit_events
    WHERE position <= $1
    ORDER BY position
    LIMIT 1";

const FIND_HALF_SEALED: &str = "
    SELECT id
    FROM audit_events
    WHERE position IS NULL AND digest IS NOT NULL
    LIMIT 1";

const LIST_DAYS: &str = "
    SELECT day, kind, events
    FROM audit_days";

/// Both ends of the chain as they were printed or logged earlier, or the head alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptEnds {
    pub start: Option<Mark>,
    pub head: Mark,
}

impl From<Mark> for KeptEnds {
    fn from(head: Mark) -> Self {
        Self { start: None, head }
    }
}

impl std::str::FromStr for KeptEnds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("..") {
            Some((start, head)) => Ok(Self { start: Some(start.parse()?), head: head.parse()? }),
            None => text.parse().map(|head: Mark| head.into()),
        }
    }
}

/// The result of verifying the whole chain.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The number of events checked.
    pub checked: i64,
    /// The last of the old events that were deleted.
    pub start: Mark,
    /// The end of the chain.
    pub head: Mark,
    /// The number of unsealed events.
    pub unsealed: i64,
    /// Whether the event that vouches for the start was written by an earlier version, which did not record
    /// the digest.
    pub is_start_without_digest: bool,
    /// The number of events deleted from the start since it was kept; `None` if it was not.
    pub dropped: Option<i64>,
    /// The first fault; `None` if the chain is intact.
    pub broken: Option<Broken>,
}

/// The first place where the chain is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    pub position: i64,
    /// `None` if there is no event at that position.
    pub event_id: Option<String>,
    pub what: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    Missing,
    Changed,
    /// The chain continues past its head, or has another head than the kept one.
    OtherHead,
    /// The kept head lies before the chain's start, where old events were deleted.
    Dropped,
    /// A sealed event lies at or before the chain's start.
    BeforeStart,
    /// No event in the chain vouches for its start, all events should have been kept, or the start differs
    /// from the kept one.
    Start,
    /// The chart's counts differ from the events in the chain.
    Counts,
}

/// Verifies the whole chain as of one moment. `kept` holds its ends as recorded earlier; `progress` gets the
/// number of events read so far, and of all events.
pub async fn verify(
    app: &App,
    kept: Option<&KeptEnds>,
    progress: impl Fn(i64, i64),
) -> Result<Verdict, Error> {
    let mut tx = app.db.snapshot().await?;
    let start = find_mark(&mut tx, "start").await?.unwrap_or_default();
    let head = head(&mut tx).await?;
    let unsealed: i64 = tx.scalar(COUNT_UNSEALED, args![]).await?;
    let mut walk =
        Walk { start: &start, kept, last: start.clone(), days: BTreeMap::new(), evidence: None };
    let mut broken = find_misplaced(&mut tx, &start, &head).await?;
    if broken.is_none() {
        broken = walk.run(&mut tx, &head, progress).await?;
    }
    if broken.is_none() && !walk.is_start_valid(app.config.audit.keep.is_none()) {
        broken = Some(Broken { position: start.position, event_id: None, what: Fault::Start });
    }
    if broken.is_none() && !walk.counts_match(&mut tx).await? {
        broken = Some(Broken { position: head.position, event_id: None, what: Fault::Counts });
    }
    let is_start_without_digest = walk.evidence == Some(Witness::Position) && !walk.is_start_kept();
    let checked = walk.last.position.saturating_sub(start.position);
    let kept = kept.and_then(|it| it.start.as_ref());
    let dropped = kept.map(|it| start.position.saturating_sub(it.position));
    Ok(Verdict { checked, start, head, unsealed, is_start_without_digest, dropped, broken })
}

/// Finds an event where the chain can have none.
async fn find_misplaced(tx: &mut Tx, start: &Mark, head: &Mark) -> Result<Option<Broken>, Error> {
    let position = head.position.saturating_add(1);
    if let Some(id) = find_mistyped(tx).await? {
        return Ok(Some(Broken { position, event_id: Some(id), what: Fault::Changed }));
    }
    let before: Option<(String, i64)> =
        tx.fetch_optional(FIND_BEFORE_START, args![start.position]).await?;
    if let Some((id, position)) = before {
        return Ok(Some(Broken { position, event_id: Some(id), what: Fault::BeforeStart }));
    }
    let half: Option<String> = tx.scalar_optional(FIND_HALF_SEALED, args![]).await?;
    Ok(half.map(|id| Broken { position, event_id: Some(id), what: Fault::Changed }))
}

/// Returns the id of an event with a value of the wrong type: SQLite accepts any type in any column.
async fn find_mistyped(tx: &mut Tx) -> Result<Option<String>, Error> {
    const FIND: &str = "
        SELECT CAST(id AS TEXT)
        FROM audit_events
        WHERE typeof(at) <> 'integer' OR typeof(position) NOT IN ('integer', 'null')
            OR typeof(user_id) NOT IN ('text', 'null') OR typeof(digest) NOT IN ('text', 'null')
            OR typeof(id) <> 'text' OR typeof(kind) <> 'text' OR typeof(about) <> 'text'
            OR typeof(address) <> 'text' OR typeof(browser) <> 'text' OR typeof(actor) <> 'text'
        LIMIT 1";
    match tx {
        Tx::Sqlite(_) => tx.scalar_optional(FIND, args![]).await,
        Tx::Postgres(_) => Ok(None),
    }
}

/// A walk along the chain.
struct Walk<'a> {
    start: &'a Mark,
    kept: Option<&'a KeptEnds>,
    /// The last event reached.
    last: Mark,
    days: BTreeMap<(i64, String), i64>,
    /// The best evidence for the start in the events so far.
    evidence: Option<Witness>,
}

impl Walk<'_> {
    async fn run(
        &mut self,
        tx: &mut Tx,
        head: &Mark,
        progress: impl Fn(i64, i64),
    ) -> Result<Option<Broken>, Error> {
        let start = self.start;
        let kept = self.kept.map(|it| &it.head);
        let broken = |position, event_id, what| Some(Broken { position, event_id, what });
        // Nothing before the start is left to compare with.
        if kept.is_some_and(|it| it.position < start.position) {
            return Ok(broken(start.position, None, Fault::Dropped));
        }
        if kept.is_some_and(|it| it.position == start.position && it.digest != start.digest) {
            return Ok(broken(start.position, None, Fault::OtherHead));
        }
        loop {
            let rows: Vec<EventRow> =
                tx.fetch_all(LIST_SEALED, args![self.last.position, PAGE]).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if let Some(found) = self.step(row)? {
                    return Ok(Some(found));
                }
            }
            let after_start = |it: &Mark| it.position.saturating_sub(start.position);
            progress(after_start(&self.last), after_start(head));
        }
        let last = &self.last;
        if last.position < head.position {
            return Ok(broken(last.position.saturating_add(1), None, Fault::Missing));
        }
        if last != head {
            return Ok(broken(last.position, None, Fault::OtherHead));
        }
        let is_short = kept.is_some_and(|it| it.position > last.position);
        Ok(if is_short {
            broken(last.position.saturating_add(1), None, Fault::Missing)
        } else {
            None
        })
    }

    /// Advances to the next event, or returns the fault if it is not the one that was sealed.
    fn step(&mut self, row: EventRow) -> Result<Option<Broken>, Error> {
        let position = self.last.position.saturating_add(1);
        if row.position != Some(position) {
            return Ok(Some(Broken { position, event_id: None, what: Fault::Missing }));
        }
        let digest = row.digest_after(&self.last.digest, position)?;
        let is_other_head =
            self.kept.is_some_and(|it| it.head.position == position && it.head.digest != digest);
        let fault = match row.digest.as_deref() {
            Some(sealed) if sealed == digest && is_other_head => Some(Fault::OtherHead),
            Some(sealed) if sealed == digest => None,
            _ => Some(Fault::Changed),
        };
        if let Some(what) = fault {
            return Ok(Some(Broken { position, event_id: Some(row.id), what }));
        }
        *self.days.entry(row.day()).or_default() += 1;
        self.evidence = self.evidence.max(row.witness(self.start));
        self.last = Mark { position, digest };
        Ok(None)
    }

    /// Returns whether the start is the kept one.
    fn is_start_kept(&self) -> bool {
        self.kept.is_some_and(|it| it.start.as_ref() == Some(self.start))
    }

    /// Returns whether the chain may start where it does: at the first event, at the kept start, or where an
    /// event in the chain says that older events were deleted.
    fn is_start_valid(&self, keeps_all: bool) -> bool {
        if self.is_start_kept() {
            return true;
        }
        let kept = self.kept.and_then(|it| it.start.as_ref());
        if kept.is_some_and(|it| it.position >= self.start.position) {
            return false;
        }
        match self.start.position {
            0 => self.start.digest.is_empty(),
            _ => !keeps_all && self.evidence.is_some(),
        }
    }

    /// Returns whether the counts by day match the events. Deleted events stay counted.
    async fn counts_match(&self, tx: &mut Tx) -> Result<bool, Error> {
        let rows: Vec<(i64, String, i64)> = tx.fetch_all(LIST_DAYS, args![]).await?;
        let counted: BTreeMap<_, _> =
            rows.into_iter().map(|(day, kind, events)| ((day, kind), events)).collect();
        if self.start.position == 0 {
            return Ok(counted == self.days);
        }
        let is_counted = |(day, events)| counted.get(day).is_some_and(|it| it >= events);
        Ok(self.days.iter().all(is_counted))
    }
}
