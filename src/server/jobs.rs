//! Jobs: recurring work beside requests.
//!
//! Each job has its own task, so no job waits for another. A run that fails, panics or takes too long is
//! logged, and the job runs again after a pause (decisions/0031).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::clock::SKEW;
use super::error::chain;
use super::{App, Error, limits};
use crate::args;

/// One run of a job.
pub type JobFuture = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A recurring job.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Its name in the log, in `doctor` and in `/health/ready`.
    pub name: &'static str,
    /// The pause after a run.
    pub pause: Duration,
    pub run: fn(Arc<App>) -> JobFuture,
}

/// The number of seconds after its last success from which a job counts as late.
pub const LATE_AFTER: i64 = 900;

/// The longest time that a run may take.
const RUN_TIMEOUT: Duration = Duration::from_mins(10);

/// The shortest pause after a failed run.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// How often a success is recorded. Recording each one would be a write a second.
const RECORD_EVERY: Duration = Duration::from_mins(1);

/// The delay between the starts of jobs, so that they don't all occupy a connection at once.
const START_STAGGER: Duration = Duration::from_millis(300);

/// The time from the start to the first sweep.
const FIRST_SWEEP_DELAY: Duration = Duration::from_secs(5);

/// The pause of a job that users wait for.
pub const WORK_PAUSE: Duration = Duration::from_millis(1200);
/// The pause of a sweep.
pub const SWEEP_PAUSE: Duration = Duration::from_mins(5);

/// Defines a job that finishes work left by requests: `job!("mail", server::deliver)`.
#[macro_export]
macro_rules! job {
    ($name:literal, $run:path) => {
        $crate::server::jobs::Job {
            name: $name,
            pause: $crate::server::jobs::WORK_PAUSE,
            run: |app| Box::pin(async move { $run(&app).await }),
        }
    };
}

/// Defines a job that deletes by age. It receives a time that can be relied on.
#[macro_export]
macro_rules! sweep {
    ($name:literal, $run:path) => {
        $crate::server::jobs::Job {
            name: $name,
            pause: $crate::server::jobs::SWEEP_PAUSE,
            run: |app| {
                Box::pin(async move {
                    app.timekeeper.check(&app.db).await?;
                    $run(&app, app.timekeeper.range()).await
                })
            },
        }
    };
}

/// The kernel's own sweeps.
pub const SWEEPS: &[Job] = &[
    Job {
        name: "clock",
        pause: SWEEP_PAUSE,
        run: |app| Box::pin(async move { check_clock(&app).await }),
    },
    crate::sweep!("sweep_limits", limits::sweep),
];

async fn check_clock(app: &App) -> Result<(), Error> {
    if let Some(doubt) = app.timekeeper.check(&app.db).await? {
        tracing::error!(%doubt, "the clock may be wrong");
    }
    Ok(())
}

/// Returns all jobs of the site, including the kernel's.
pub fn all(app: &App) -> impl Iterator<Item = &'static Job> {
    feature_jobs(app).chain(all_sweeps(app))
}

fn feature_jobs(app: &App) -> impl Iterator<Item = &'static Job> {
    app.features.iter().flat_map(|it| it.jobs)
}

fn all_sweeps(app: &App) -> impl Iterator<Item = &'static Job> {
    SWEEPS.iter().chain(app.features.sweeps())
}

const RECORD: &str = "
    INSERT INTO jobs (name, succeeded_at)
    VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET succeeded_at = excluded.succeeded_at";

const LIST: &str = "
    SELECT name, succeeded_at
    FROM jobs";

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Failed(#[from] Error),
    #[error("it did not finish within {} seconds", RUN_TIMEOUT.as_secs())]
    TimedOut(#[from] tokio::time::error::Elapsed),
    #[error("it panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

/// Starts all jobs. They end with the process.
pub fn start(app: &Arc<App>) {
    let mut first = Duration::ZERO;
    for job in feature_jobs(app) {
        tokio::spawn(supervise(Arc::clone(app), *job, first));
        first += START_STAGGER;
    }
    first = FIRST_SWEEP_DELAY;
    for job in all_sweeps(app) {
        tokio::spawn(supervise(Arc::clone(app), *job, first));
        first += START_STAGGER;
    }
}

/// Runs a job repeatedly until the process ends, whatever the result of each run.
pub async fn supervise(app: Arc<App>, job: Job, first: Duration) {
    sleep(first).await;
    let mut succeeded = Instant::now();
    let mut recorded = None;
    loop {
        let is_due = recorded.is_none_or(|at: Instant| at.elapsed() >= RECORD_EVERY);
        let mut pause = job.pause;
        match run(&app, job, is_due).await {
            Ok(()) => {
                succeeded = Instant::now();
                recorded = if is_due { Some(succeeded) } else { recorded };
            }
            Err(_) if app.db.is_closed() => return,
            Err(failure) => {
                let error = chain(&failure);
                let without_success = succeeded.elapsed().as_secs();
                tracing::error!(job = job.name, error, without_success, "a job failed");
                recorded = None;
                pause = pause.max(PAUSE_AFTER_FAILURE);
            }
        }
        sleep(pause).await;
    }
}

/// Runs a job once, in a task that may panic, and records its success if asked to.
async fn run(app: &Arc<App>, job: Job, records: bool) -> Result<(), RunError> {
    let working = Arc::clone(app);
    let work = async move {
        let done = (job.run)(Arc::clone(&working)).await;
        done.map_err(|it| working.db.add_location(it))?;
        if records {
            record(&working, job.name).await?;
        }
        Ok::<_, Error>(())
    };
    tokio::spawn(timeout(RUN_TIMEOUT, work)).await???;
    Ok(())
}

async fn record(app: &App, name: &str) -> Result<(), Error> {
    app.db.execute(RECORD, args![name, app.timekeeper.range().likely]).await?;
    Ok(())
}

/// The time since a job last succeeded, in any process.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    pub name: &'static str,
    /// `None` if it never succeeded. Up to a minute too high.
    pub seconds: Option<i64>,
}

impl Age {
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.seconds.is_none_or(|it| it > LATE_AFTER)
    }
}

/// Returns how long ago each job last succeeded.
pub async fn ages(app: &App) -> Result<Vec<Age>, Error> {
    let rows: Vec<(String, i64)> = app.db.fetch_all(LIST, args![]).await?;
    let now = app.clock.now();
    let age = |job: &Job| {
        // A time in the future was recorded while a clock was ahead, so it means nothing.
        let row = rows.iter().find(|it| it.0 == job.name && it.1 <= now + SKEW);
        Age { name: job.name, seconds: row.map(|it| (now - it.1).max(0)) }
    };
    Ok(all(app).map(age).collect())
}

/// Runs the jobs that finish work left by requests, once each; returns whether all succeeded.
pub async fn run_jobs(app: &Arc<App>) -> bool {
    run_all(app, feature_jobs(app)).await
}

/// Runs all sweeps once; returns whether all succeeded.
pub async fn run_sweeps(app: &Arc<App>) -> bool {
    run_all(app, all_sweeps(app)).await
}

async fn run_all(app: &Arc<App>, jobs: impl Iterator<Item = &'static Job>) -> bool {
    let mut succeeded = true;
    for job in jobs {
        if let Err(failure) = run(app, *job, false).await {
            tracing::error!(job = job.name, error = chain(&failure), "a job failed");
            succeeded = false;
        }
    }
    succeeded
}
