//! Whether a browser keeps our cookies. One that does not would be led back to the form that it came
//! from without a word: a session is a cookie, and so is the sentence that would say why.
//!
//! A form of ours that is sent without any cookie leads on by an address with a mark, and so do a mailed
//! link and the way back from a provider. What comes to it with a cookie is led to the address itself, and
//! what still has none is told. The mark is sealed, belongs to that address alone and lives for a minute,
//! so that no link of a stranger says anything or leads anywhere.

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::answer;
use crate::address::sign_in_path;
use crate::error::RequestProblem;
use crate::server::Context;

const PARAMETER: &str = "cookies=";

/// The field of a form that needs cookies to lead anywhere.
pub const FIELD: &str = "needs_cookies";

/// In seconds.
const LIFETIME: i64 = 60;

/// The path with a mark.
#[must_use]
pub fn marked(cx: &Context, path: &str) -> String {
    let expires_at = cx.app.clock.now() + LIFETIME;
    // As a browser sends it.
    let Ok(url) = cx.app.config.site.url.join(path) else { return path.to_owned() };
    let address = address(url.path(), url.query().unwrap_or_default());
    let mark = if address.contains('?') { '&' } else { '?' };
    match cx.app.seal.seal(&bound_to(&address), expires_at.to_string().as_bytes()) {
        Ok(sealed) => format!("{address}{mark}{PARAMETER}{sealed}"),
        Err(error) => {
            tracing::error!(error = error.chain(), "cookies are not checked");
            path.to_owned()
        }
    }
}

/// The path, with a mark where the request has brought no cookie. Asked before the response sets any.
#[must_use]
pub fn leading_to(cx: &Context, path: &str) -> String {
    if cx.has_cookies() { path.to_owned() } else { marked(cx, path) }
}

/// Takes the mark off an address, or says that the browser keeps no cookies.
pub async fn check(request: Request, next: Next) -> Response {
    let Some(cx) = request.extensions().get::<Context>() else { return next.run(request).await };
    match unmarked(cx, &request) {
        None => next.run(request).await,
        Some(path) if cx.has_cookies() => Redirect::to(&path).into_response(),
        Some(path) => {
            let mut response = answer::refuse(RequestProblem::CookiesNeeded);
            let is_form = path.starts_with("/sign-in");
            let back = if is_form { path } else { sign_in_path(&path) };
            response.extensions_mut().insert(answer::BackTo(back));
            response
        }
    }
}

/// The address of a request whose mark is ours and fresh, without it.
fn unmarked(cx: &Context, request: &Request) -> Option<String> {
    let query = request.uri().query().filter(|_| *request.method() == Method::GET)?;
    let (kept, last) = query.rsplit_once('&').unwrap_or(("", query));
    let address = address(request.uri().path(), kept);
    let opened = cx.app.seal.open(&bound_to(&address), last.strip_prefix(PARAMETER)?)?;
    let expires_at: i64 = std::str::from_utf8(&opened).ok()?.parse().ok()?;
    (cx.app.clock.now() < expires_at).then_some(address)
}

fn address(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A mark is worth nothing at another address: its path would be a stranger's to choose.
fn bound_to(address: &str) -> String {
    format!("cookies {address}")
}
