//! What is done beside requests: mail that waits, and what has expired.

use std::sync::Arc;
use std::time::Duration;

use super::{App, Error, limits};
use crate::{audit, deletion, mail, mailed_sign_in, password, recovery, sign_in, social, ticket};

/// How long after one of the things that wait another is looked at: at once they would keep as many
/// connections busy.
const PAUSE: Duration = Duration::from_millis(300);

/// How often what has expired is dropped.
const SWEEP_EVERY: Duration = Duration::from_mins(5);

/// Begins both; they end with the process.
pub fn start(app: &Arc<App>) {
    let working = Arc::clone(app);
    tokio::spawn(async move {
        loop {
            work(&working, PAUSE).await;
        }
    });
    let sweeping = Arc::clone(app);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            sweep(&sweeping).await;
        }
    });
}

/// Does all that waits, each after a pause, and says whether all came off; one failure leaves the
/// rest to be done.
pub async fn work(app: &Arc<App>, pause: Duration) -> bool {
    tokio::time::sleep(pause).await;
    let recovery = log(recovery::server::work(app).await);
    tokio::time::sleep(pause).await;
    let sign_in = log(mailed_sign_in::server::work(app).await);
    tokio::time::sleep(pause).await;
    let mail = log(mail::server::deliver(app).await);
    tokio::time::sleep(pause).await;
    let chain = log(audit::server::chain::seal(app).await);
    recovery && sign_in && mail && chain
}

/// Drops what has expired; one failure leaves the rest to be dropped.
pub async fn sweep(app: &App) {
    log(app.sessions.sweep().await);
    log(social::server::sweep(app).await);
    log(ticket::server::sweep(app).await);
    log(mailed_sign_in::server::sweep(app).await);
    log(limits::sweep(app).await);
    log(password::server::failures::sweep(app).await);
    log(sign_in::server::sweep(app).await);
    log(mail::server::sweep(app).await);
    log(deletion::server::sweep(app).await);
    log(audit::server::chain::trim(app).await);
}

/// Whether it came off; else the log says why.
fn log(done: Result<(), Error>) -> bool {
    done.inspect_err(|error| tracing::error!(error = error.chain(), "a job failed")).is_ok()
}
