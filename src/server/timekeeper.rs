//! Guards what ends or is deleted by age against a wrong clock.
//!
//! The newest time at which a process found its clock right stands in the database. A process whose
//! clock is further from it than time has passed doubts its clock: until that is settled it deletes
//! only what is old by both times (`decisions/0033-a-clock-is-doubted-before-it-deletes.md`).

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::clock::SKEW;
use super::db::Tx;
use super::{Clock, Db, Error};
use crate::args;

/// For how long a site may be off before its clock is doubted, in seconds.
const OFF: i64 = 3600;

/// How far the clock of a process that runs may move against the time that has passed, in seconds:
/// another process may have recorded the time a while ago.
const MOVED: i64 = 2 * SKEW;

/// The longest that a doubted clock must keep going, in seconds, until it is believed without an
/// operator's word.
const LONGEST_WAIT: i64 = 86400;

const FIND: &str = "
    SELECT noted_at
    FROM clock";

const NOTE: &str = "
    UPDATE clock
    SET noted_at = $1";

/// What time it is at the earliest and at the latest, in Unix seconds: the same unless the clock is
/// in doubt. What is deleted for its age must be old at the earliest, and what is taken for a mistake
/// since it lies in the future must lie there at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub earliest: i64,
    pub latest: i64,
    /// The time that the other processes have: a doubted clock's is not used.
    pub likely: i64,
}

/// Why a clock is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// So many seconds ahead of the newest recorded time, or behind it; believed in `wait` seconds.
    Recorded { apart: i64, wait: i64 },
    /// So many seconds ahead of the database's clock, or behind it.
    Database { apart: i64 },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |apart: i64| if apart < 0 { "behind" } else { "ahead of" };
        match *self {
            Self::Recorded { apart, wait } => write!(
                f,
                "the clock is {} s {} the newest recorded time: the site was off, or the clock is wrong. \
                 Until it has run for another {wait} s, or `portcullis clock confirm` says that it is \
                 right, only what is old by both is deleted",
                apart.abs(),
                side(apart),
            ),
            Self::Database { apart } => write!(
                f,
                "the clock is {} s {} the database's. Until one of them is set right, only what is old \
                 by both is deleted",
                apart.abs(),
                side(apart),
            ),
        }
    }
}

/// What a process knows since its last look.
#[derive(Debug, Default)]
struct Known {
    /// As it stood in the database; none before the first look.
    noted_at: Option<i64>,
    /// What time it was then by all that was recorded.
    expected: i64,
    /// The database's own time then; the clock's where the database runs on this machine.
    theirs: i64,
    /// How long the process had run then.
    elapsed: i64,
    /// Since when this clock is doubted, as [`Clock::elapsed`] counts, and by how much.
    doubted: Option<(i64, i64)>,
    doubt: Option<Doubt>,
}

/// Compares this process's clock with what is recorded.
#[derive(Debug)]
pub struct Timekeeper {
    clock: Clock,
    known: Mutex<Known>,
}

impl Timekeeper {
    /// Looks for the first time.
    pub async fn start(clock: Clock, db: &Db) -> Result<Self, Error> {
        let it = Self { clock, known: Mutex::default() };
        it.look(db).await?;
        Ok(it)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time by this process's clock, as far as it can be relied on. Asks nothing of the database.
    #[must_use]
    pub fn range(&self) -> Range {
        let (now, known) = (self.clock.now(), self.known());
        let passed = self.clock.elapsed() - known.elapsed;
        let (expected, theirs) = (known.expected + passed, known.theirs + passed);
        if known.doubt.is_none() && (now - expected).abs() <= MOVED {
            return Range { earliest: now, latest: now, likely: now };
        }
        let likely = match known.doubt {
            Some(Doubt::Database { .. }) => theirs,
            _ => expected,
        };
        Range {
            earliest: now.min(expected).min(theirs),
            latest: now.max(expected).max(theirs),
            likely,
        }
    }

    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Why the clock is doubted, as of the last look.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        self.known().doubt
    }

    /// Compares the clock with the database, and records the time where the clock is right.
    pub async fn look(&self, db: &Db) -> Result<Option<Doubt>, Error> {
        let noted_at: i64 = db.scalar(FIND, args![]).await?;
        let theirs = self.database_time(db).await?;
        let now = self.clock.now();
        let doubt = self.judge(now, noted_at, theirs);
        if doubt.is_none() {
            self.note(db, now).await?;
        }
        Ok(doubt)
    }

    /// Records the time by an operator's word; a process that runs reads it at its next look. Refused where the database's clock says otherwise.
    pub async fn confirm(&self, db: &Db, tx: &mut Tx) -> Result<Option<Doubt>, Error> {
        let now = self.clock.now();
        let apart = now - self.database_time(db).await?;
        if apart.abs() > SKEW {
            return Ok(Some(Doubt::Database { apart }));
        }
        tx.execute(NOTE, args![now]).await?;
        Ok(None)
    }

    /// ASVS 5.0, 16.2.2.
    async fn database_time(&self, db: &Db) -> Result<i64, Error> {
        const TIME: &str = "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP())) AS BIGINT)";
        Ok(match db {
            Db::Sqlite(_) => self.clock.now(),
            Db::Postgres(_) => self.clock.elsewhere(db.scalar(TIME, args![]).await?),
        })
    }

    fn judge(&self, now: i64, noted_at: i64, theirs: i64) -> Option<Doubt> {
        let elapsed = self.clock.elapsed();
        let mut known = self.known();
        let is_ours = known.noted_at == Some(noted_at);
        let tolerance = if known.noted_at.is_some() { MOVED } else { OFF };
        let expected = match (is_ours, noted_at) {
            // Nothing was ever recorded.
            (false, 0) => now,
            (false, noted_at) => noted_at,
            (true, _) => known.expected + elapsed - known.elapsed,
        };
        let apart = now - expected;
        let doubted = match known.doubted {
            // As before: the clock goes as time passes, and nobody recorded another time.
            Some((since, before)) if is_ours && (apart - before).abs() <= SKEW => (since, before),
            _ => (elapsed, apart),
        };
        let wait = apart.abs().min(LONGEST_WAIT) - (elapsed - doubted.0);
        let doubt = if (now - theirs).abs() > SKEW {
            Some(Doubt::Database { apart: now - theirs })
        } else if apart.abs() > tolerance && wait > 0 {
            Some(Doubt::Recorded { apart, wait })
        } else {
            None
        };
        *known = Known {
            noted_at: Some(noted_at),
            expected,
            theirs,
            elapsed,
            doubted: doubt.map(|_| doubted),
            doubt,
        };
        doubt
    }

    async fn note(&self, db: &Db, now: i64) -> Result<(), Error> {
        db.execute(NOTE, args![now]).await?;
        let mut known = self.known();
        *known = Known {
            noted_at: Some(now),
            expected: now,
            theirs: now,
            elapsed: self.clock.elapsed(),
            doubted: None,
            doubt: None,
        };
        Ok(())
    }
}

/// Locks the one row of the clock until the transaction ends: of processes that start together, one does
/// what is to be done once.
pub async fn lock(tx: &mut Tx) -> Result<(), Error> {
    const LOCK: &str = "
        UPDATE clock
        SET noted_at = noted_at";
    tx.execute(LOCK, args![]).await?;
    Ok(())
}
