//! Ways to keep a server busy.

use std::sync::Arc;
use std::time::Duration;

use portcullis::server::App;

/// Settings with which a hash takes a second or more, longer than a request may wait.
pub const SLOW_HASHING: &str =
    "[password]\nmemory_kib = 4096\niterations = 1000\nhashers = 1\nmax_wait = \"1s\"\n";

/// Starts a hash and returns while it is being computed. With [`SLOW_HASHING`], other requests for a hash are refused
/// meanwhile.
pub async fn occupy_hasher(app: &Arc<App>) {
    let before = app.hasher.verifications();
    let hasher = app.hasher.clone();
    tokio::spawn(async move {
        let decoy = hasher.decoy().to_owned();
        hasher.verify(&"nobody's".to_owned().into(), &decoy).await
    });
    while app.hasher.verifications() == before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
