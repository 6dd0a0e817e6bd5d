//! Health checks: whether the process runs, and whether it can serve.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::error::AppError;
use crate::server::{App, Error, jobs};

/// Reports that the process runs.
pub async fn live() -> &'static str {
    "live\n"
}

/// Reports whether the database responds, and lists the ages of the jobs. A failing job changes nothing: it
/// fails in every process, and taking all of them out of service would only add to it (decisions/0031).
pub async fn ready(State(app): State<Arc<App>>) -> (StatusCode, String) {
    match report(&app).await {
        Ok(report) => (StatusCode::OK, report),
        Err(error) => {
            // The conversion logs it.
            let _ = AppError::from(error);
            (StatusCode::SERVICE_UNAVAILABLE, "the database doesn't respond\n".to_owned())
        }
    }
}

async fn report(app: &App) -> Result<String, Error> {
    app.db.is_ready().await?;
    let mut text = "ready\n".to_owned();
    if app.timekeeper.doubt().is_some() {
        text.push_str("the clock may be wrong\n");
    }
    for age in jobs::ages(app).await? {
        let late = if age.is_late() { ", late" } else { "" };
        let _ = match age.seconds {
            Some(seconds) => writeln!(text, "{}: succeeded {seconds} s ago{late}", age.name),
            None => writeln!(text, "{}: never succeeded", age.name),
        };
    }
    Ok(text)
}
