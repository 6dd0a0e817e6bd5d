//! The address in a mail: takes the ticket out of the address bar.

use axum::extract::Path;
use axum::http::header::REFERRER_POLICY;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router, routing::get};

use super::server::{accept, forget};
use crate::server::Context;
use crate::server::http::cookie_check;

/// The route of mailed links.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/tickets/{ticket}", get(arrive))
}

/// Keeps the ticket in a cookie and leads to the page that has its button. Nothing else changes, so
/// that whatever opens links before people do harms nobody.
async fn arrive(Extension(cx): Extension<Context>, Path(ticket): Path<String>) -> Response {
    let page = cookie_check::leading_to(&cx, "/ticket");
    let page = if accept(&cx, &ticket).is_some() {
        page
    } else {
        forget(&cx);
        // A browser that is given no cookie could bring none.
        "/ticket".to_owned()
    };
    ([(REFERRER_POLICY, "no-referrer")], Redirect::to(&page)).into_response()
}
