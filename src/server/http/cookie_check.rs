//! Checks that a browser keeps our cookies. Without them it would return to its form with no explanation,
//! since both the session and the message are cookies.
//!
//! A form sent without any cookie redirects to a URL with a mark; so do a mailed link and a provider's
//! callback. A browser that comes to that URL with a cookie is redirected to the URL without the mark. One
//! that still has no cookie gets an error. The mark is sealed, bound to that URL and valid for a minute, so a
//! stranger's link can neither show the error nor redirect.

use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};

use super::error_response;
use crate::error::RequestProblem;
use crate::paths::sign_in_path;
use crate::server::Context;

const PARAMETER: &str = "cookies=";

/// The field of a form that works only with cookies.
pub const FIELD: &str = "needs_cookies";

/// In seconds.
const LIFETIME: i64 = 60;

/// Returns the path with a mark.
#[must_use]
pub fn marked(cx: &Context, path: &str) -> String {
    let expires_at = cx.app.clock.now() + LIFETIME;
    // As a browser would send it.
    let Ok(url) = cx.app.config.site.url.join(path) else { return path.to_owned() };
    let path_and_query = path_and_query(url.path(), url.query().unwrap_or_default());
    let separator = if path_and_query.contains('?') { '&' } else { '?' };
    match cx.app.seal.seal(&seal_context(&path_and_query), expires_at.to_string().as_bytes()) {
        Ok(sealed) => format!("{path_and_query}{separator}{PARAMETER}{sealed}"),
        Err(error) => {
            tracing::error!(error = error.chain(), "can't check whether the browser keeps cookies");
            path.to_owned()
        }
    }
}

/// Returns the path, with a mark if the request has no cookie. Call it before the response sets one.
#[must_use]
pub fn marked_if_needed(cx: &Context, path: &str) -> String {
    if cx.has_cookies() { path.to_owned() } else { marked(cx, path) }
}

/// Responds to a URL with a mark: redirects to the URL without it, or refuses if the browser keeps no cookies.
#[must_use]
pub fn respond(cx: &Context, request: &Request) -> Option<Response> {
    let path = unmarked(cx, request)?;
    if cx.has_cookies() {
        return Some(Redirect::to(&path).into_response());
    }
    let mut response = error_response::refuse(RequestProblem::CookiesNeeded);
    let is_form = path.starts_with("/sign-in");
    let back = if is_form { path } else { sign_in_path(&path) };
    response.extensions_mut().insert(error_response::BackLink(back));
    Some(response)
}

/// Returns a request's URL without its mark, if the mark is ours and fresh.
fn unmarked(cx: &Context, request: &Request) -> Option<String> {
    let query = request.uri().query().filter(|_| *request.method() == Method::GET)?;
    let (kept, last) = query.rsplit_once('&').unwrap_or(("", query));
    let path_and_query = path_and_query(request.uri().path(), kept);
    let opened = cx.app.seal.open(&seal_context(&path_and_query), last.strip_prefix(PARAMETER)?)?;
    let expires_at: i64 = std::str::from_utf8(&opened).ok()?.parse().ok()?;
    (cx.app.clock.now() < expires_at).then_some(path_and_query)
}

fn path_and_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Binds a mark to its URL, so that a stranger can't use it with another path.
fn seal_context(path_and_query: &str) -> String {
    format!("cookies {path_and_query}")
}
