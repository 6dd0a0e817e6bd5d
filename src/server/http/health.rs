//! Whether the process runs, and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::error::AppError;
use crate::server::App;

/// The process answers.
pub async fn live() -> &'static str {
    "live\n"
}

/// The database answers too.
pub async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    match app.db.is_ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            // Logs it.
            let _ = AppError::from(error);
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
