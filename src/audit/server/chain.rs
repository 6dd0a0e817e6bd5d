//! The chain over the audit log: each event carries a digest over itself and the digest of the previous
//! event, so that later changes and deletions are detected.
//!
//! Actions don't wait for each other here: they write their events, and a job adds them to the chain in order
//! a moment later. An attacker who can write to the database can also write a new chain, so both ends are
//! logged, and `portcullis audit verify --head` compares with a head kept elsewhere
//! (`decisions/0024-the-audit-log-is-a-hash-chain.md`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::args;
use crate::audit::EventKind;
use crate::record;
use crate::server::db::Tx;
use crate::server::{App, Error};

/// The number of events sealed or deleted at once.
pub(super) const AT_ONCE: i64 = 500;

const HAS_UNSEALED: &str = "
    SELECT id
    FROM audit_events
    WHERE position IS NULL
    LIMIT 1";

pub(super) const COUNT_UNSEALED: &str = "
    SELECT COUNT(*)
    FROM audit_events
    WHERE position IS NULL";

/// Lets one process seal or trim at a time.
pub(super) const LOCK_HEAD: &str = "
    UPDATE audit_chain
    SET position = position
    WHERE mark = 'head'
    RETURNING position, digest";

const LIST_UNSEALED: &str = "
    SELECT id, at, user_id, kind, about, address, browser, actor, position, digest
    FROM audit_events
    WHERE position IS NULL
    ORDER BY id
    LIMIT $1";

const SEAL: &str = "
    UPDATE audit_events
    SET position = $1, digest = $2
    WHERE id = $3 AND position IS NULL";

const COUNT_DAY: &str = "
    INSERT INTO audit_days (day, kind, events)
    VALUES ($1, $2, $3)
    ON CONFLICT (day, kind) DO UPDATE SET events = audit_days.events + excluded.events";

const MOVE_MARK: &str = "
    UPDATE audit_chain
    SET position = $1, digest = $2
    WHERE mark = $3";

const FIND_MARK: &str = "
    SELECT position, digest
    FROM audit_chain
    WHERE mark = $1";

/// The events that record deletions. Only they may vouch for the chain's start.
pub(super) const LIST_TRIMMED: &str = "
    SELECT id, at, user_id, kind, about, address, browser, actor, position, digest
    FROM audit_events
    WHERE kind = 'audit_trimmed' AND (position IS NULL OR position > $1)
    ORDER BY id";

record! {
    /// An event as the table stores it.
    #[derive(Clone, Debug)]
    pub(super) struct EventRow {
        pub id: String,
        pub at: i64,
        user_id: Option<String>,
        pub kind: String,
        pub about: String,
        address: String,
        browser: String,
        actor: String,
        pub position: Option<i64>,
        pub digest: Option<String>,
    }
}

/// The evidence that an event gives for the chain's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Witness {
    /// The position alone: the event was written before digests were recorded.
    Position,
    /// The position and the digest.
    Digest,
}

/// The content of an event that is hashed: this array as JSON, after the previous digest and a line feed.
#[derive(Serialize)]
struct HashedContent<'a>(
    i64,
    &'a str,
    i64,
    Option<&'a str>,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
    &'a str,
);

impl EventRow {
    /// Returns the day and kind under which the chart counts the event.
    pub fn day(&self) -> (i64, String) {
        (self.at.div_euclid(86400), self.kind.clone())
    }

    /// Returns how the event vouches for this start of the chain, if it records a deletion.
    pub fn witness(&self, start: &Mark) -> Option<Witness> {
        if self.kind != EventKind::AuditTrimmed.as_str() {
            return None;
        }
        let (_, last) = self.about.split_once(" to ")?;
        let (last, digest) = last.split_once(' ').map_or((last, None), |it| (it.0, Some(it.1)));
        match digest {
            _ if last.parse() != Ok(start.position) => None,
            None => Some(Witness::Position),
            Some(digest) => (digest == start.digest).then_some(Witness::Digest),
        }
    }

    pub fn digest_after(&self, before: &str, position: i64) -> Result<String, Error> {
        let event = HashedContent(
            position,
            &self.id,
            self.at,
            self.user_id.as_deref(),
            &self.kind,
            &self.about,
            &self.address,
            &self.browser,
            &self.actor,
        );
        let hash = Sha256::new()
            .chain_update(before)
            .chain_update("\n")
            .chain_update(serde_json::to_vec(&event)?)
            .finalize();
        Ok(URL_SAFE_NO_PAD.encode(hash))
    }
}

record! {
    /// A place in the chain: the number of events up to it, and the digest of the last of them.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct Mark {
        pub position: i64,
        pub digest: String,
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.position, self.digest)
    }
}

impl std::str::FromStr for Mark {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected NUMBER:DIGEST, as `audit verify` prints it";
        let (position, digest) = text.split_once(':').ok_or(expected)?;
        let position = position.parse().map_err(|_| expected)?;
        let is_first = position == 0 && digest.is_empty();
        if !is_first && !crate::server::digest::is_token(digest) {
            return Err(expected);
        }
        Ok(Self { position, digest: digest.to_owned() })
    }
}

/// Adds the unsealed events to the chain, in the order of their ids. An event that is committed late comes
/// after those sealed meanwhile.
pub async fn seal(app: &App) -> Result<(), Error> {
    let waiting: Option<String> = app.db.scalar_optional(HAS_UNSEALED, args![]).await?;
    if waiting.is_none() {
        return Ok(());
    }
    loop {
        let mut tx = app.db.begin().await?;
        let head: Mark = tx.fetch_one(LOCK_HEAD, args![]).await?;
        let rows: Vec<EventRow> = tx.fetch_all(LIST_UNSEALED, args![AT_ONCE]).await?;
        let is_last = rows.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX);
        let head = seal_rows(&mut tx, head, rows).await?;
        let start = find_mark(&mut tx, "start").await?.unwrap_or_default();
        tx.commit().await?;
        tracing::info!(%start, %head, "audit log sealed");
        if is_last {
            return Ok(());
        }
    }
}

/// Adds these events to the chain after its locked head, and returns the new head.
pub(super) async fn seal_rows(
    tx: &mut Tx,
    mut head: Mark,
    rows: Vec<EventRow>,
) -> Result<Mark, Error> {
    let mut days: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for row in rows {
        let position = head.position.saturating_add(1);
        head = Mark { position, digest: row.digest_after(&head.digest, position)? };
        tx.execute(SEAL, args![head.position, &head.digest, &row.id]).await?;
        *days.entry(row.day()).or_default() += 1;
    }
    for ((day, kind), events) in days {
        tx.execute(COUNT_DAY, args![day, kind, events]).await?;
    }
    move_mark(tx, "head", &head).await?;
    Ok(head)
}

/// Returns the position of the chain's head, and the number of unsealed events.
pub async fn seal_progress(app: &App) -> Result<(i64, i64), Error> {
    let head: Option<Mark> = app.db.fetch_optional(FIND_MARK, args!["head"]).await?;
    Ok((head.map_or(0, |it| it.position), count_unsealed(app).await?))
}

/// Returns the number of unsealed events.
async fn count_unsealed(app: &App) -> Result<i64, Error> {
    app.db.scalar(COUNT_UNSEALED, args![]).await
}

pub(super) async fn move_mark(tx: &mut Tx, name: &str, mark: &Mark) -> Result<(), Error> {
    tx.execute(MOVE_MARK, args![mark.position, &mark.digest, name]).await?;
    Ok(())
}

pub(super) async fn find_mark(tx: &mut Tx, name: &str) -> Result<Option<Mark>, Error> {
    tx.fetch_optional(FIND_MARK, args![name]).await
}

/// Returns the head of the chain.
pub async fn head(tx: &mut Tx) -> Result<Mark, Error> {
    Ok(find_mark(tx, "head").await?.unwrap_or_default())
}
