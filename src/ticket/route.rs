//! The address in a mail: takes the ticket out of the address bar.

use axum::extract::Path;
use axum::http::header::REFERRER_POLICY;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router, routing::get};

use super::server::{accept, forget};
use crate::server::Context;

/// The route of mailed links.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/tickets/{ticket}", get(arrive))
}

/// Keeps the ticket in a cookie and leads to the page that has its button. Nothing else changes, so
/// that whatever opens links before people do harms nobody.
async fn arrive(Extension(cx): Extension<Context>, Path(ticket): Path<String>) -> Response {
    if accept(&cx, &ticket).is_none() {
        forget(&cx);
    }
    ([(REFERRER_POLICY, "no-referrer")], Redirect::to("/ticket")).into_response()
}
