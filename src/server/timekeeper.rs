//! Keeps a wrong clock from ending or deleting records by age.
//!
//! The database stores the newest time at which a process found its clock right. A process whose clock
//! differs from it by more than the time that has passed doubts its clock: until that is settled it deletes
//! only what is old by both times (`decisions/0033-a-process-checks-its-clock-before-deleting.md`).

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::clock::SKEW;
use super::db::Tx;
use super::{Clock, Db, Error};
use crate::args;

/// How long a site may be down before its clock is doubted, in seconds.
const MAX_DOWNTIME: i64 = 3600;

/// How far the clock of a running process may move against the time that has passed, in seconds: another
/// process may have recorded the time a while ago.
const MAX_DRIFT: i64 = 2 * SKEW;

/// The longest time, in seconds, that a doubted clock must run before it is trusted unconfirmed.
const LONGEST_WAIT: i64 = 86400;

const FIND: &str = "
    SELECT noted_at
    FROM clock";

const RECORD: &str = "
    UPDATE clock
    SET noted_at = $1";

/// The earliest and the latest possible time, in Unix seconds: the same unless the clock is in doubt. A
/// record is deleted for its age only if it is old even at the earliest time, and is taken for a mistake only
/// if it lies in the future even at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    pub earliest: i64,
    pub latest: i64,
    /// The time of the other processes: a doubted clock is not used.
    pub likely: i64,
}

/// Why a clock is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// `offset` seconds from the newest recorded time, negative if behind it; trusted in `wait` seconds.
    Recorded { offset: i64, wait: i64 },
    /// `offset` seconds from the database's clock, negative if behind it.
    Database { offset: i64 },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |offset: i64| if offset < 0 { "behind" } else { "ahead of" };
        match *self {
            Self::Recorded { offset, wait } => write!(
                f,
                "the clock is {} s {} the newest recorded time: the site was off, or the clock is wrong. \
                 Until the server has run for another {wait} s or `portcullis clock confirm` has \
                 confirmed the clock, only records that are old by both times are deleted",
                offset.abs(),
                side(offset),
            ),
            Self::Database { offset } => write!(
                f,
                "the clock is {} s {} the database's. Until one of them is corrected, only records that \
                 are old by both are deleted",
                offset.abs(),
                side(offset),
            ),
        }
    }
}

/// The result of a process's last check.
#[derive(Debug, Default)]
struct LastCheck {
    /// The time recorded in the database; `None` before the first check.
    noted_at: Option<i64>,
    /// The expected time at that check, by all that was recorded.
    expected: i64,
    /// The database's own time at that check; this clock's for SQLite.
    database_now: i64,
    /// How long the process had run at that check.
    elapsed: i64,
    /// When the doubt began, by [`Clock::elapsed`], and how far the clock was off.
    doubted: Option<(i64, i64)>,
    doubt: Option<Doubt>,
}

/// Compares this process's clock with the recorded time.
#[derive(Debug)]
pub struct Timekeeper {
    clock: Clock,
    last_check: Mutex<LastCheck>,
}

impl Timekeeper {
    /// Creates the timekeeper and makes its first check.
    pub async fn start(clock: Clock, db: &Db) -> Result<Self, Error> {
        let it = Self { clock, last_check: Mutex::default() };
        it.check(db).await?;
        Ok(it)
    }

    fn last_check(&self) -> std::sync::MutexGuard<'_, LastCheck> {
        self.last_check.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time as far as this process's clock can be relied on. Does not query the database.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        let (now, last_check) = (self.clock.now(), self.last_check());
        let passed = self.clock.elapsed() - last_check.elapsed;
        let (expected, database_now) =
            (last_check.expected + passed, last_check.database_now + passed);
        if last_check.doubt.is_none() && (now - expected).abs() <= MAX_DRIFT {
            return TimeRange { earliest: now, latest: now, likely: now };
        }
        let likely = match last_check.doubt {
            Some(Doubt::Database { .. }) => database_now,
            _ => expected,
        };
        TimeRange {
            earliest: now.min(expected).min(database_now),
            latest: now.max(expected).max(database_now),
            likely,
        }
    }

    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns why the clock is doubted, as of the last check.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        self.last_check().doubt
    }

    /// Compares the clock with the database, and records the time if the clock is right.
    pub async fn check(&self, db: &Db) -> Result<Option<Doubt>, Error> {
        let noted_at: i64 = db.scalar(FIND, args![]).await?;
        let database_now = self.database_time(db).await?;
        let now = self.clock.now();
        let doubt = self.judge(now, noted_at, database_now);
        if doubt.is_none() {
            self.record(db, now).await?;
        }
        Ok(doubt)
    }

    /// Records the time on an operator's word. Running processes read it at their next check. Refused if the
    /// database's clock disagrees.
    pub async fn confirm(&self, db: &Db, tx: &mut Tx) -> Result<Option<Doubt>, Error> {
        let now = self.clock.now();
        let offset = now - self.database_time(db).await?;
        if offset.abs() > SKEW {
            return Ok(Some(Doubt::Database { offset }));
        }
        tx.execute(RECORD, args![now]).await?;
        Ok(None)
    }

    /// Returns the database's time, or this clock's for SQLite (ASVS 5.0, 16.2.2).
    async fn database_time(&self, db: &Db) -> Result<i64, Error> {
        const TIME: &str = "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())) AS BIGINT)";
        Ok(match db {
            Db::Sqlite(_) => self.clock.now(),
            Db::Postgres(_) => self.clock.remote_time(db.scalar(TIME, args![]).await?),
        })
    }

    fn judge(&self, now: i64, noted_at: i64, database_now: i64) -> Option<Doubt> {
        let elapsed = self.clock.elapsed();
        let mut last_check = self.last_check();
        let is_ours = last_check.noted_at == Some(noted_at);
        let tolerance = if last_check.noted_at.is_some() { MAX_DRIFT } else { MAX_DOWNTIME };
        let expected = match (is_ours, noted_at) {
            // No time was recorded yet.
            (false, 0) => now,
            (false, noted_at) => noted_at,
            (true, _) => last_check.expected + elapsed - last_check.elapsed,
        };
        let offset = now - expected;
        let doubted = match last_check.doubted {
            // As before: the clock keeps pace, and no process recorded another time.
            Some((since, before)) if is_ours && (offset - before).abs() <= SKEW => (since, before),
            _ => (elapsed, offset),
        };
        let wait = offset.abs().min(LONGEST_WAIT) - (elapsed - doubted.0);
        let doubt = if (now - database_now).abs() > SKEW {
            Some(Doubt::Database { offset: now - database_now })
        } else if offset.abs() > tolerance && wait > 0 {
            Some(Doubt::Recorded { offset, wait })
        } else {
            None
        };
        *last_check = LastCheck {
            noted_at: Some(noted_at),
            expected,
            database_now,
            elapsed,
            doubted: doubt.map(|_| doubted),
            doubt,
        };
        doubt
    }

    async fn record(&self, db: &Db, now: i64) -> Result<(), Error> {
        db.execute(RECORD, args![now]).await?;
        let mut last_check = self.last_check();
        *last_check = LastCheck {
            noted_at: Some(now),
            expected: now,
            database_now: now,
            elapsed: self.clock.elapsed(),
            doubted: None,
            doubt: None,
        };
        Ok(())
    }
}

/// Locks the only row of the clock until the transaction ends, so that of processes that start together, one
/// does what must be done once.
pub async fn lock(tx: &mut Tx) -> Result<(), Error> {
    const LOCK: &str = "
        UPDATE clock
        SET noted_at = noted_at";
    tx.execute(LOCK, args![]).await?;
    Ok(())
}
