//! Parses each cookie of a request on its own.
//!
//! Browsers send the cookies of every application on the host, and on plain http those of several paths
//! under one name. An unreadable cookie must not break ours, and among several with a name of ours, the one
//! that we issued counts.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tower_cookies::Cookie;
use tower_sessions::SessionStore as _;

use super::session_cookie;
use crate::server::context::session_cookie_name;
use crate::server::feature::AppCookie;
use crate::server::{App, Error};

/// The most cookies of one name that are looked up, among those with the right form.
const MAX_TRIED: usize = 16;

/// Passes on one cookie for each of our names, and none of other applications. Responses keep the session
/// cookie unless the request ended its session, so this layer must wrap that of tower-sessions.
pub async fn select(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if request.headers().contains_key(COOKIE) {
        select_in(&app, request.headers_mut()).await;
    }
    let mut response = next.run(request).await;
    session_cookie::preserve(&app, &mut response);
    response
}

async fn select_in(app: &App, headers: &mut HeaderMap) {
    let is_https = app.config.site.is_https();
    let mut kept = Vec::new();
    for cookie in [None].into_iter().chain(app.features.cookies().map(Some)) {
        let cookie_name = match cookie {
            None => session_cookie_name(is_https).to_owned(),
            Some(cookie) => cookie.full_name(is_https),
        };
        let values: Vec<_> = cookie_values(headers, &cookie_name).collect();
        if let Some(value) = choose(app, cookie, &values).await {
            kept.push(Cookie::new(cookie_name, value.to_owned()).encoded().to_string());
        }
    }
    headers.remove(COOKIE);
    if let (false, Ok(kept)) = (kept.is_empty(), HeaderValue::from_str(&kept.join("; "))) {
        headers.insert(COOKIE, kept);
    }
}

/// Returns the values of a cookie name, from last to first: browsers send those of the longest path first,
/// and ours are for all paths. The name must match as sent: browsers protect `__Host-` but not its
/// percent-encoded forms.
pub fn cookie_values(headers: &HeaderMap, name: &str) -> impl Iterator<Item = String> {
    let lines = headers.get_all(COOKIE).iter().rev();
    let cookies = lines.flat_map(|it| it.as_bytes().rsplit(|b| *b == b';'));
    cookies.filter_map(move |it| {
        let text = std::str::from_utf8(it).ok()?;
        text.split_once('=').filter(|(raw, _)| raw.trim_ascii() == name)?;
        let cookie = Cookie::parse_encoded(text).ok()?;
        // Some intermediaries put values in quotes (RFC 6265, section 4.1.1).
        let value = cookie.value();
        let unquoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        Some(unquoted.unwrap_or(value).to_owned())
    })
}

/// Returns the first value that we issued, or the first of all if none is known to be ours.
async fn choose<'v>(
    app: &App,
    cookie: Option<&AppCookie>,
    values: &'v [String],
) -> Option<&'v str> {
    let first = values.first()?;
    if values.iter().all(|it| it == first) {
        return Some(first);
    }
    for value in values.iter().filter(|it| is_well_formed(cookie, it)).take(MAX_TRIED) {
        if is_ours(app, cookie, value).await.unwrap_or(false) {
            return Some(value);
        }
    }
    Some(first)
}

/// Returns whether a value has the form of ours, without a database query.
fn is_well_formed(cookie: Option<&AppCookie>, value: &str) -> bool {
    match cookie {
        None => value.parse::<tower_sessions::session::Id>().is_ok(),
        Some(cookie) => (cookie.is_well_formed)(value),
    }
}

/// Returns whether we issued this value, for the session cookie or another.
async fn is_ours(app: &App, cookie: Option<&AppCookie>, value: &str) -> Result<bool, Error> {
    match cookie {
        None => {
            let Ok(id) = value.parse() else { return Ok(false) };
            Ok(matches!(app.sessions.load(&id).await, Ok(Some(_))))
        }
        Some(cookie) => (cookie.is_ours)(app, value).await,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    #[test]
    fn an_unreadable_cookie_does_not_affect_others() {
        for lines in [
            &[&b"x=\xe6\xf8\xe5; portcullis=good"[..]][..],
            &[b"portcullis=good; x=\xe6\xf8\xe5"],
            &[b"x=\xe6\xf8\xe5", b"portcullis=good"],
            &[b"portcullis=\xff; portcullis=good"],
            &[b";;=; x; =\"; portcullis=good;"],
            &[b"portcullis=\"good\""],
            &[b"portcullis-x=1; xportcullis=2; portcullis=good"],
        ] {
            let found: Vec<_> = cookie_values(&headers(lines), "portcullis").collect();
            assert_eq!(found, ["good"], "{lines:?}");
        }
        let both = headers(&[b"portcullis=one; portcullis=two", b"portcullis=three"]);
        assert_eq!(cookie_values(&both, "portcullis").collect::<Vec<_>>(), ["three", "two", "one"]);
    }

    /// A sibling domain may set a name that looks like ours only after decoding.
    #[test]
    fn v5_0_0__3_3_3__an_encoded_cookie_name_is_not_ours() {
        for line in ["%5F_Host-portcullis=x", "__Host-p%6Frtcullis=x", "__Host-portcullis%3D=x"] {
            let lines = headers(&[line.as_bytes()]);
            assert_eq!(cookie_values(&lines, "__Host-portcullis").count(), 0, "{line}");
        }
    }

    proptest! {
        #[test]
        fn cookies_of_other_applications_change_nothing(
            before in proptest::collection::vec(32_u8..=255, 0..30),
            after in proptest::collection::vec(32_u8..=255, 0..30),
        ) {
            let is_plain = |it: &[u8]| !it.contains(&127);
            prop_assume!(is_plain(&before) && is_plain(&after));
            let line = [&before[..], b"; portcullis=good; ", &after].concat();
            let found: Vec<_> = cookie_values(&headers(&[&line]), "portcullis").collect();
            prop_assert!(found.iter().any(|it| it == "good"));
        }
    }
}
