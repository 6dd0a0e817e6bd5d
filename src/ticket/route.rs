//! The route of mailed links: removes the ticket from the browser's address bar.

use axum::extract::Path;
use axum::http::header::REFERRER_POLICY;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router, routing::get};

use super::server::{forget, store_in_cookie};
use crate::server::Context;
use crate::server::http::cookie_check;

/// Returns the route of mailed links.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/tickets/{ticket}", get(open_link))
}

/// Stores the ticket in a cookie and redirects to the page with its button. Nothing else changes, so a
/// program that opens links before the user does no harm.
async fn open_link(Extension(cx): Extension<Context>, Path(ticket): Path<String>) -> Response {
    let page = cookie_check::marked_if_needed(&cx, "/ticket");
    let page = if store_in_cookie(&cx, &ticket).is_some() {
        page
    } else {
        forget(&cx);
        // The browser gets no cookie, so the page must not expect one.
        "/ticket".to_owned()
    };
    ([(REFERRER_POLICY, "no-referrer")], Redirect::to(&page)).into_response()
}
