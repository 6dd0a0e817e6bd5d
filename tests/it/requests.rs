//! Requests: permitted origins, size limits, and referers that are ignored.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::support::features::PERMISSIONS;
use crate::support::{ADA, EVE, Social, TestApp};
use crate::web::{FORM, assert_common_headers, form_body, post};

const SIGN_UP: &str = "/api/sign-up";

on_both!(v5_0_0__3_5_1__only_our_own_pages_may_post);
async fn v5_0_0__3_5_1__only_our_own_pages_may_post(app: TestApp) {
    let ours = app.app.config.site.origin();
    let mut browser = app.signed_in_browser(ADA).await;
    let mut before = app.comparable_rows().await;
    let table = [
        (None, None, false),
        (None, Some("null"), false),
        (None, Some("https://evil.example"), false),
        (None, Some("http://localhost:3001"), false),
        (None, Some("https://localhost:3000"), false),
        (None, Some("http://localhost:3000.evil.example"), false),
        (Some("cross-site"), None, false),
        (Some("same-site"), None, false),
        (Some("none"), None, false),
        (Some("cross-site"), Some(ours.as_str()), false),
        (Some("same-origin"), Some("null"), false),
        (Some("same-origin"), Some("https://evil.example"), false),
        (Some("SAME-ORIGIN"), None, false),
        (Some("same-origin"), None, true),
        (None, Some(ours.as_str()), true),
        (Some("same-origin"), Some(ours.as_str()), true),
    ];
    for (n, (site, origin, allowed)) in table.into_iter().enumerate() {
        let mut answers = Vec::new();
        for accept in ["text/html", "application/json"] {
            for path in [SIGN_UP, "/api/profile/display-name", "/api/nowhere", "/sign-in"] {
                let mut request =
                    Request::post(path).header("content-type", FORM).header("accept", accept);
                if let Some(site) = site {
                    request = request.header("sec-fetch-site", site);
                }
                if let Some(origin) = origin {
                    request = request.header("origin", origin);
                }
                let body = format!(
                    "email=new{n}@example.com&password=a+long+enough+one&display_name=N{n}"
                );
                answers.push(browser.send(request.body(body.into()).unwrap()).await);
            }
        }
        for answer in answers {
            assert_eq!(answer.status == 403, !allowed, "{site:?} {origin:?}: {}", answer.text());
        }
        let after = app.comparable_rows().await;
        assert_eq!(after != before, allowed, "{site:?} {origin:?}");
        before = after;
    }
    assert!(browser.is_signed_in().await);
}

on_both!(a_request_with_two_origins_is_refused);
async fn a_request_with_two_origins_is_refused(app: TestApp) {
    let ours = app.app.config.site.origin();
    let request = Request::post(SIGN_UP)
        .header("content-type", FORM)
        .header("origin", ours)
        .header("origin", "https://evil.example");
    let answer = app.browser().send(request.body(form_body(ADA)).unwrap()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(app.count_users().await, 0);
}

on_both!(v5_0_0__3_5_1__each_group_of_routes_has_its_policy_for_unsafe_requests);
async fn v5_0_0__3_5_1__each_group_of_routes_has_its_policy_for_unsafe_requests(site: Social) {
    let mut browser = site.app.signed_in_browser(ADA).await;
    for (path, site_header, status) in [
        ("/api/sign-out", "cross-site", 403),
        ("/nowhere", "cross-site", 403),
        ("/social/idp/callback", "cross-site", 405),
        ("/social/idp/callback", "same-origin", 405),
        ("/health/live", "cross-site", 405),
        ("/.well-known/change-password", "cross-site", 405),
    ] {
        let request = Request::post(path)
            .header("sec-fetch-site", site_header)
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = browser.send(request.body("state=x&code=y".into()).unwrap()).await;
        assert_eq!(answer.status, status, "{path} {site_header}");
    }
    assert!(browser.is_signed_in().await);
}

on_both!(v5_0_0__3_5_3__server_functions_accept_post_only);
async fn v5_0_0__3_5_3__server_functions_accept_post_only(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let before = app.comparable_rows().await;
    for (path, _) in PERMISSIONS.iter() {
        for method in
            [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH]
        {
            let request = Request::builder()
                .method(method.clone())
                .uri(format!("{path}?email={EVE}&password=a+long+enough+one&id=x"))
                .header("sec-fetch-site", "same-origin")
                .header("content-type", FORM)
                .body(Body::empty());
            let answer = browser.send(request.unwrap()).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_common_headers(&answer, path);
        }
    }
    assert_eq!(app.comparable_rows().await, before);
    assert!(browser.is_signed_in().await);
}

on_both!(v5_0_0__13_4_4__unused_methods_are_refused);
async fn v5_0_0__13_4_4__unused_methods_are_refused(app: TestApp) {
    for method in ["TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "BREW"] {
        for path in ["/", "/sign-in", "/dashboard", "/health/live", "/nowhere"] {
            let request = Request::builder().method(method).uri(path).body(Body::empty());
            let answer = app.browser().send(request.unwrap()).await;
            assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
            assert_common_headers(&answer, path);
        }
    }
}

on_both!(a_head_request_is_handled_as_a_get_without_its_body);
async fn a_head_request_is_handled_as_a_get_without_its_body(app: TestApp) {
    for path in ["/", "/sign-in", "/health/live"] {
        let request = Request::head(path).header("accept", "text/html").body(Body::empty());
        let answer = app.browser().send(request.unwrap()).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.text(), "");
        assert_common_headers(&answer, path);
    }
}

on_both!(a_body_over_the_limit_is_refused);
async fn a_body_over_the_limit_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let long = format!("email={ADA}&password={}", "x".repeat(65536));
    let length = long.len();
    for accept in ["text/html", "application/json"] {
        // With a declared length, and with a length that shows only while the body arrives.
        let told = post(SIGN_UP).header("accept", accept).header("content-length", length);
        let answer = browser.send(told.body(long.clone().into()).unwrap()).await;
        assert_eq!(answer.status, 413);
        let untold = post(SIGN_UP).header("accept", accept);
        let answer = browser.send(untold.body(long.clone().into()).unwrap()).await;
        assert_eq!(answer.status, 413);
        if accept == "text/html" {
            assert!(answer.shows("The request is too large."), "{}", answer.text());
        } else {
            assert_eq!(answer.json(), "too_large");
        }
    }
    assert_eq!(app.count_users().await, 0);
    let fits = format!("email={ADA}&password=a+long+enough+one&more={}", "x".repeat(60_000));
    assert_eq!(browser.send(post(SIGN_UP).body(fits.into()).unwrap()).await.status, 200);
}

on_both!(a_post_that_is_not_a_form_is_refused);
async fn a_post_that_is_not_a_form_is_refused(app: TestApp) {
    for kind in [
        None,
        Some(""),
        Some("application/json"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
        Some("application/x-www-form-urlencoded-not"),
    ] {
        let mut request = Request::post(SIGN_UP).header("sec-fetch-site", "same-origin");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let answer = app.browser().send(request.body(form_body(ADA)).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (415, json!("unsupported_media_type")));
    }
    assert_eq!(app.count_users().await, 0);
    for kind in
        ["Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"]
    {
        let request = Request::post(SIGN_UP)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", kind)
            .header("accept", "application/json");
        let answer = app.browser().send(request.body(form_body(ADA)).unwrap()).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
    }
}

on_both!(a_foreign_referer_is_never_followed);
async fn a_foreign_referer_is_never_followed(app: TestApp) {
    for (referer, expected) in [
        ("https://evil.example/sign-in", "/sign-in"),
        ("http://localhost:3000.evil.example/x", "/sign-in"),
        ("http://localhost:3001/x", "/sign-in"),
        ("https://localhost:3000/x", "/sign-in"),
        ("http://localhost:3000//evil.example/x", "/sign-in"),
        ("http://localhost:3000/\\evil.example/x", "/sign-in"),
        ("http://user@localhost:3000@evil.example/", "/sign-in"),
        ("javascript:alert(1)", "/sign-in"),
        ("", "/sign-in"),
        ("http://localhost:3000/sign-in?next=/dashboard", "/sign-in?next=/dashboard"),
    ] {
        for (path, own) in [("/api/sign-in/password", expected), ("/api/sign-up", "/sign-up")] {
            let request = post(path).header("accept", "text/html").header("referer", referer);
            let answer = app.browser().send(request.body(Body::empty()).unwrap()).await;
            let to = answer.location().unwrap();
            let expected = if expected == "/sign-in" { own } else { expected };
            assert_eq!(to, expected, "{path} from {referer:?}");
        }
    }
}

on_both!(a_refused_form_puts_no_function_or_error_into_the_url);
async fn a_refused_form_puts_no_function_or_error_into_the_url(app: TestApp) {
    // Leptos itself would put the function and its error into the URL.
    let answer = app.browser().post("/api/sign-in/password", &[("email", "x")]).await;
    let to = answer.location().unwrap();
    assert!(!to.contains("__path") && !to.contains("__err"), "{to}");
}

on_both!(a_request_without_a_client_ip_address_is_served);
async fn a_request_without_a_client_ip_address_is_served(app: TestApp) {
    use tower::ServiceExt as _;
    let request = Request::get("/sign-in").header("accept", "text/html").body(Body::empty());
    let response = app.router.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[test]
fn v5_0_0__1_4_2__arithmetic_overflow_panics() {
    let most = std::hint::black_box(i64::MAX);
    let added = std::panic::catch_unwind(|| std::hint::black_box(most + 1));
    assert!(added.is_err(), "the release build checks it too");
}
