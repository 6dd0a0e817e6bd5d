//! The only place that reads the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The origin of elapsed time, whatever the date is set to.
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The seconds by which the clocks of processes on one database may differ. A time that one process just
/// wrote may be this far ahead of another's clock.
pub const SKEW: i64 = 300;

/// The system's clock, or one that a test sets.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    Fixed(Arc<Fixed>),
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct Fixed {
    at: AtomicI64,
    elapsed: AtomicI64,
}

impl Clock {
    /// Creates a clock that stands still until it is moved.
    #[must_use]
    pub fn fixed(at: i64) -> Self {
        Self::Fixed(Arc::new(Fixed { at: AtomicI64::new(at), elapsed: AtomicI64::new(0) }))
    }

    /// Returns Unix seconds; 0 if the clock is before 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX)),
            Self::Fixed(it) => it.at.load(Ordering::Relaxed),
        }
    }

    /// Returns the seconds that have passed, whatever the date was set to meanwhile.
    #[must_use]
    pub fn elapsed(&self) -> i64 {
        match self {
            Self::System => i64::try_from(STARTED.elapsed().as_secs()).unwrap_or(i64::MAX),
            Self::Fixed(it) => it.elapsed.load(Ordering::Relaxed),
        }
    }

    /// Returns another machine's time, plus the time that has passed on a fixed clock.
    #[must_use]
    pub fn remote_time(&self, at: i64) -> i64 {
        match self {
            Self::System => at,
            Self::Fixed(_) => at.saturating_add(self.elapsed()),
        }
    }

    /// Lets time pass on a fixed clock. The system's clock stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Self::Fixed(it) = self {
            it.elapsed.fetch_add(seconds, Ordering::Relaxed);
        }
        self.shift(seconds);
    }

    /// Sets a fixed clock to another date, as an operator might by mistake. No time passes.
    pub fn shift(&self, seconds: i64) {
        if let Self::Fixed(it) = self {
            it.at.fetch_add(seconds, Ordering::Relaxed);
        }
    }
}
