//! Unsafe requests come from our own pages, or not at all.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::answer;
use crate::error::AppError;
use crate::server::App;

const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses an unsafe request of another site (ASVS 5.0, 3.5.1), and any that brings what no form of
/// ours sends.
pub async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe {
        return next.run(request).await;
    }
    if !is_same_origin(request.headers(), &app.config.site.origin()) {
        // A stranger's text: quoted and cut, so that it can forge no line of the log.
        let origin = request.headers().get(ORIGIN).map(|it| String::from_utf8_lossy(it.as_bytes()));
        let origin: String = origin.unwrap_or_default().chars().take(128).collect();
        let path = request.uri().path();
        tracing::warn!(path, ?origin, site = %app.config.site.url, "not posted from site.url: refused");
        return answer::refuse(AppError::CrossSite);
    }
    if *request.method() == Method::POST && !is_form(request.headers()) {
        return answer::refuse(AppError::UnsupportedMediaType);
    }
    next.run(request).await
}

/// Every header that speaks must agree, and one must speak: `Sec-Fetch-Site`, which scripts can't
/// write, or `Origin`.
fn is_same_origin(headers: &HeaderMap, origin: &str) -> bool {
    let agrees = |name: &str, expected: &str| {
        let mut values = headers.get_all(name).iter().peekable();
        values.peek()?;
        Some(values.all(|it| it.as_bytes() == expected.as_bytes()))
    };
    match (agrees(FETCH_SITE, "same-origin"), agrees(ORIGIN.as_str(), origin)) {
        (None, None) => false,
        (site, origin) => site.unwrap_or(true) && origin.unwrap_or(true),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .map(|it| it.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    essence.as_deref() == Some("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v5_0_0__3_5_1__only_our_own_pages_may_post() {
        let ours = "https://id.example.com";
        for (site, origin, expected) in [
            (Some("same-origin"), None, true),
            (None, Some(ours), true),
            (Some("same-origin"), Some(ours), true),
            (None, None, false),
            (Some("same-site"), Some(ours), false),
            (Some("cross-site"), None, false),
            (Some("none"), None, false),
            (None, Some("null"), false),
            (Some("same-origin"), Some("null"), false),
            (None, Some("https://id.example.com.evil.example"), false),
            (None, Some("http://id.example.com"), false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(is_same_origin(&headers, ours), expected, "{site:?} {origin:?}");
        }
    }

    fn kind(value: &[u8]) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, axum::http::HeaderValue::from_bytes(value).ok()?);
        Some(headers)
    }

    proptest! {
        #[test]
        fn a_form_is_one_whatever_its_parameters_and_case(
            upper in any::<bool>(),
            parameters in "( ?; ?[a-z]{1,8}=[!-:<-~]{0,8}){0,3}",
        ) {
            let name = "application/x-www-form-urlencoded";
            let name = if upper { name.to_uppercase() } else { name.to_owned() };
            let value = format!("{name}{parameters}");
            prop_assert!(is_form(&kind(value.as_bytes()).unwrap()));
        }

        #[test]
        fn what_has_another_name_is_no_form(value in any::<Vec<u8>>(), more in "[a-z+.-]{1,8}") {
            let named = format!("application/x-www-form-urlencoded{more}");
            prop_assert!(!is_form(&kind(named.as_bytes()).unwrap()));
            if let Some(headers) = kind(&value) {
                prop_assert!(!is_form(&headers));
            }
        }
    }
}
