//! Checks where unsafe requests come from, by group of routes.

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE, ORIGIN};
use axum::http::{HeaderMap, Method};

use crate::error::{AppError, RequestProblem};
use crate::server::App;

const FETCH_SITE: &str = "sec-fetch-site";

/// The rule for unsafe requests to a group of routes (RFC 9110, section 9.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// Only forms of our own pages (ASVS 5.0, 3.5.1).
    OwnPages,
    /// Requests of programs, which need no page of ours. Their cookies are removed, so that no browser's
    /// session can act in them.
    Machine,
    /// Providers send browsers back by GET. The pages of a few post; then the browser sends no cookie of ours,
    /// and one that came nevertheless is removed.
    Callback,
}

/// The groups by path prefix. For every other path, [`Policy::OwnPages`] applies.
const GROUPS: &[(&str, Policy)] = &[
    ("/health/", Policy::Machine),
    ("/.well-known/", Policy::Machine),
    ("/social/", Policy::Callback),
];

fn policy_of(path: &str) -> Policy {
    let group = GROUPS.iter().find(|(prefix, _)| path.starts_with(prefix));
    group.map_or(Policy::OwnPages, |(_, policy)| *policy)
}

/// Refuses an unsafe request that its group of routes does not allow.
pub fn check(app: &App, request: &mut Request) -> Result<(), AppError> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    match policy_of(request.uri().path()) {
        Policy::Machine => {
            request.headers_mut().remove(COOKIE);
            Ok(())
        }
        Policy::Callback if is_posted_callback(app, request) => {
            request.headers_mut().remove(COOKIE);
            Ok(())
        }
        Policy::Callback => Err(RequestProblem::MethodNotAllowed.into()),
        Policy::OwnPages => own_pages_refusal(app, request).map_or(Ok(()), Err),
    }
}

fn is_posted_callback(app: &App, request: &Request) -> bool {
    *request.method() == Method::POST
        && is_form(request.headers())
        && app.providers.takes_post(request.uri().path())
}

/// Returns a refusal if a request is not from our own pages or does not carry a form.
fn own_pages_refusal(app: &App, request: &Request) -> Option<AppError> {
    if !is_same_origin(request.headers(), &app.config.site.origin()) {
        // Untrusted text: quoted and cut, so that it can't forge a log line.
        let origin = request.headers().get(ORIGIN).map(|it| String::from_utf8_lossy(it.as_bytes()));
        let origin: String = origin.unwrap_or_default().chars().take(128).collect();
        let path = request.uri().path();
        tracing::warn!(path, ?origin, site = %app.config.site.url, "refused: not posted from site.url");
        return Some(AppError::Request(RequestProblem::CrossSite));
    }
    let is_wrong_kind = *request.method() == Method::POST && !is_form(request.headers());
    is_wrong_kind.then_some(AppError::Request(RequestProblem::UnsupportedMediaType))
}

/// Returns whether a request is same-origin. `Sec-Fetch-Site`, which scripts can't write, or `Origin` must be
/// present, and each header that is present must agree.
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

    #[test]
    fn v5_0_0__3_5_1__a_path_in_no_group_accepts_forms_of_our_own_pages_only() {
        for (path, expected) in [
            ("/", Policy::OwnPages),
            ("/api/sign-in/password", Policy::OwnPages),
            ("/social", Policy::OwnPages),
            ("/healthy", Policy::OwnPages),
            ("/admin/health/live", Policy::OwnPages),
            ("/social/idp/callback", Policy::Callback),
            ("/health/ready", Policy::Machine),
            ("/.well-known/change-password", Policy::Machine),
        ] {
            assert_eq!(policy_of(path), expected, "{path}");
        }
    }

    fn kind(value: &[u8]) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, axum::http::HeaderValue::from_bytes(value).ok()?);
        Some(headers)
    }

    proptest! {
        #[test]
        fn a_form_content_type_may_have_any_case_and_parameters(
            upper in any::<bool>(),
            parameters in "( ?; ?[a-z]{1,8}=[!-:<-~]{0,8}){0,3}",
        ) {
            let name = "application/x-www-form-urlencoded";
            let name = if upper { name.to_uppercase() } else { name.to_owned() };
            let value = format!("{name}{parameters}");
            prop_assert!(is_form(&kind(value.as_bytes()).unwrap()));
        }

        #[test]
        fn another_content_type_is_not_a_form(value in any::<Vec<u8>>(), more in "[a-z+.-]{1,8}") {
            let named = format!("application/x-www-form-urlencoded{more}");
            prop_assert!(!is_form(&kind(named.as_bytes()).unwrap()));
            if let Some(headers) = kind(&value) {
                prop_assert!(!is_form(&headers));
            }
        }
    }
}
