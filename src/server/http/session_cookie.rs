//! Keeps the session cookie unless the request ended the session.
//!
//! tower-sessions removes any cookie that matches no session. A late response to a request with the id from
//! before a rotation would remove the cookie with the new id.

use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::Response;

use crate::server::App;
use crate::server::context::session_cookie_name;

/// Marks the response to a request that ended a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionEnded;

/// Keeps the session cookie unless the request ended its session.
pub fn preserve(app: &App, response: &mut Response) {
    if response.extensions().get::<SessionEnded>().is_some() {
        return;
    }
    let name = session_cookie_name(app.config.site.is_https());
    let takes = |it: &HeaderValue| {
        let rest = it.as_bytes().strip_prefix(name.as_bytes());
        rest.is_some_and(|it| it.starts_with(b"=;"))
    };
    let headers = response.headers_mut();
    if headers.get_all(SET_COOKIE).iter().any(takes) {
        let cookies = headers.get_all(SET_COOKIE).iter();
        let kept: Vec<_> = cookies.filter(|it| !takes(it)).cloned().collect();
        headers.remove(SET_COOKIE);
        for cookie in kept {
            headers.append(SET_COOKIE, cookie);
        }
    }
}
