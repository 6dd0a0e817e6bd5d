//! The headers of every response, and the form of errors.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::Request;
use portcullis::server::assets;
use serde_json::json;

use crate::errors::refusals;
use crate::files::is_hashed;
use crate::support::{ADA, EVE, Engine, PASSWORD, TestApp, TestResponse, html};

const SIGN_UP: &str = "/api/sign-up";
pub const FORM: &str = "application/x-www-form-urlencoded";

pub fn form_body(email: &str) -> Body {
    format!("email={email}&password={}", PASSWORD.replace(' ', "+")).into()
}

/// Builds a form post from this site, for the test to complete.
pub fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("sec-fetch-site", "same-origin").header("content-type", FORM)
}

/// Checks the headers that every response must have (ASVS 5.0, chapter 3.4).
pub fn assert_common_headers(answer: &TestResponse, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{name} of {what}");
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name} of {what}");
    }
    assert!(answer.header("permissions-policy").contains("camera=()"), "{what}");
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "style-src 'self';",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "'wasm-unsafe-eval'",
    ] {
        assert!(policy.contains(part), "{part} in {policy} of {what}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{what}");
    assert_eq!(answer.header("x-request-id").len(), 16, "{what}");
    if !answer.body.is_empty() {
        assert_ne!(answer.header("content-type"), "", "{what}");
    }
    for name in ["server", "x-powered-by", "access-control-allow-origin", "serverfnerror"] {
        assert_eq!(answer.header(name), "", "{name} of {what}");
    }
}

/// Returns one response of each kind.
async fn one_of_each(app: &TestApp) -> Vec<(&'static str, u16, TestResponse)> {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut stranger = app.browser();
    let mut answers = vec![
        ("page", 200, stranger.get("/").await),
        ("sign-in page", 200, stranger.get("/sign-in").await),
        ("dashboard", 200, browser.get("/dashboard").await),
        ("redirect of a page", 303, stranger.get("/dashboard").await),
        ("redirect of a form", 303, stranger.post(SIGN_UP, &[]).await),
        ("API answer", 200, browser.call("/api/viewer", &[]).await),
        ("API refusal", 401, stranger.call("/api/viewer", &[]).await),
        ("unknown page", 404, stranger.get("/nowhere").await),
        ("unknown API", 404, stranger.call("/api/nowhere", &[]).await),
        ("unknown asset", 404, stranger.get("/pkg/nowhere.js").await),
        ("wrong method", 405, stranger.get(SIGN_UP).await),
        ("post to a page", 405, stranger.call("/sign-in", &[]).await),
        ("health", 200, stranger.get("/health/live").await),
        ("readiness", 200, stranger.get("/health/ready").await),
    ];
    let cross = Request::post(SIGN_UP).header("sec-fetch-site", "cross-site");
    answers.push(("cross-site", 403, stranger.send(cross.body(form_body(EVE)).unwrap()).await));
    let json = post(SIGN_UP).header("content-type", "application/json");
    answers.push(("wrong type", 415, {
        let mut request = json.body("{}".into()).unwrap();
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        stranger.send(request).await
    }));
    let long = post(SIGN_UP).body("x".repeat(70_000).into()).unwrap();
    answers.push(("too large", 413, stranger.send(long).await));
    if let Some(entry) = assets::entry() {
        answers.push(("asset", 200, stranger.get(&entry.script).await));
    }
    answers.extend(
        refusals(app)
            .await
            .into_iter()
            .flat_map(|it| [(it.what, it.status, it.page), (it.what, it.status, it.data)]),
    );
    answers
}

on_both!(v5_0_0__3_4__every_response_has_every_security_header);
async fn v5_0_0__3_4__every_response_has_every_security_header(app: TestApp) {
    for (what, status, answer) in one_of_each(&app).await {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_common_headers(&answer, what);
        assert_eq!(answer.header("strict-transport-security"), "", "{what} on loopback");
        // Development builds don't hash files, so theirs may change.
        let is_hashed = assets::entry().is_some_and(|it| is_hashed(&it.script));
        let stored = if what == "asset" && is_hashed { "immutable" } else { "no-store" };
        assert!(answer.header("cache-control").contains(stored), "{what}");
    }
}

on_both!(v5_0_0__3_4_1__an_https_site_sends_hsts);
async fn v5_0_0__3_4_1__an_https_site_sends_hsts(engine: Engine) {
    let app = TestApp::with_settings(engine, "[site]\nurl = \"https://id.example.com\"\n").await;
    for (what, _, answer) in one_of_each(&app).await {
        let transport = answer.header("strict-transport-security");
        assert_eq!(transport, "max-age=63072000; includeSubDomains", "{what}");
    }
}

on_both!(v5_0_0__4_1_1__every_text_response_names_its_charset);
async fn v5_0_0__4_1_1__every_text_response_names_its_charset(app: TestApp) {
    for (what, _, answer) in one_of_each(&app).await {
        let kind = answer.header("content-type");
        if kind.starts_with("text/html") || kind.starts_with("text/plain") {
            assert!(kind.ends_with("charset=utf-8"), "{what}: {kind}");
        }
    }
}

on_both!(v5_0_0__3_4_3__each_page_has_a_nonce_of_its_own);
async fn v5_0_0__3_4_3__each_page_has_a_nonce_of_its_own(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut stranger = app.browser();
    let mut seen = HashSet::new();
    let pages = [
        stranger.get("/").await,
        stranger.get("/sign-in").await,
        stranger.get("/sign-in").await,
        stranger.get("/sign-up").await,
        browser.get("/dashboard").await,
        browser.get("/dashboard/linked-accounts").await,
    ];
    for page in pages {
        let policy = page.header("content-security-policy");
        let (_, nonce) = policy.split_once("'nonce-").unwrap();
        let nonce = nonce.split('\'').next().unwrap();
        assert!(nonce.len() >= 22, "128 bits: {nonce}");
        assert!(seen.insert(nonce.to_owned()), "{nonce} twice");
        let html = page.text();
        for script in html::elements(&html, "script") {
            assert_eq!(html::attribute(script, "nonce").as_deref(), Some(nonce), "{script}");
        }
        assert_nothing_inline(&html);
    }
}

pub fn assert_nothing_inline(html: &str) {
    let markup = html::without_scripts(html);
    assert!(!markup.contains("<style"), "{markup}");
    for tag in markup.split('<').map(|it| it.split('>').next().unwrap()) {
        assert!(!tag.contains(" style=\""), "{tag}");
        assert!(!tag.contains("javascript:"), "{tag}");
        let handlers = tag.split_whitespace().filter(|it| it.starts_with("on") && it.contains('='));
        assert_eq!(handlers.count(), 0, "{tag}");
    }
}

on_both!(an_error_page_names_its_request_id);
async fn an_error_page_names_its_request_id(app: TestApp) {
    let mut browser = app.browser();
    let mut refused = post(SIGN_UP).header("accept", "text/html").body(form_body(ADA)).unwrap();
    refused.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    for (status, sentence, answer) in [
        (404, "This page doesn't exist or was deleted.", browser.get("/nowhere").await),
        (404, "This page doesn't exist or was deleted.", browser.get("/dashboard/nowhere").await),
        (405, "This URL doesn't support that kind of request.", browser.get(SIGN_UP).await),
        (403, "This request came from another site", browser.send(refused).await),
    ] {
        assert_eq!(answer.status, status);
        assert!(answer.shows(sentence) && answer.shows(&status.to_string()), "{}", answer.text());
        assert!(answer.shows(answer.header("x-request-id")), "{}", answer.text());
        assert_nothing_inline(&answer.text());
        assert!(answer.text().starts_with("<!DOCTYPE html>"));
    }
}

on_both!(errors_are_json_for_clients_that_accept_json);
async fn errors_are_json_for_clients_that_accept_json(app: TestApp) {
    let mut browser = app.browser();
    for (path, status, body) in [
        ("/api/nowhere", 404, json!("not_found")),
        ("/api/viewer", 401, json!("unauthenticated")),
        ("/sign-in", 405, json!("method_not_allowed")),
    ] {
        let answer = browser.call(path, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (status, body));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

on_both!(signed_in_users_are_redirected_from_public_pages);
async fn signed_in_users_are_redirected_from_public_pages(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for path in ["/", "/sign-in", "/sign-up"] {
        assert_eq!(browser.get(path).await.location().as_deref(), Some("/dashboard"), "{path}");
    }
}

on_both!(cookies_stay_below_the_size_limit_of_browsers);
async fn cookies_stay_below_the_size_limit_of_browsers(app: TestApp) {
    let long = "é\"<".repeat(1000);
    let mut browser = app.browser();
    browser.at = "/sign-in".to_owned();
    let fields =
        [("email", long.as_str()), ("password", "x"), ("remember", &long), ("more", &long)];
    let answer = browser.post("/api/sign-in/password", &fields).await;
    for cookie in answer.set_cookies() {
        assert!(cookie.name.len() + cookie.value.len() <= 4096, "{}", cookie.value.len());
    }
    let page = browser.follow(answer).await;
    assert!(page.problem_at("email").is_some(), "{}", page.text());
}

on_both!(unknown_paths_get_404);
async fn unknown_paths_get_404(app: TestApp) {
    let mut signed_in = app.signed_in_browser(ADA).await;
    for path in [
        "/.well-known/",
        "/.well-known/change-password/",
        "/.well-known/openid-configuration",
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
        "/.well-known/security.txt",
        "/robots.txt/",
        "/sitemap.xml",
        "/favicon.ico",
        "/pkg/",
        "/health",
        "/health/nowhere",
        "/api/",
        "/api/nowhere",
        "/dashboard/nowhere",
        "/admin/nowhere",
        "/social/nowhere",
        "/tickets/",
        "/index.html",
        "/..%2fCargo.toml",
    ] {
        for browser in [&mut app.browser(), &mut signed_in] {
            let answer = browser.visit(path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        }
    }
    if assets::entry().is_some() {
        let robots = app.browser().get("/robots.txt").await;
        assert_eq!(
            (robots.status.as_u16(), robots.header("content-type")),
            (200, "text/plain; charset=utf-8")
        );
    }
}

on_both!(the_change_password_url_leads_to_the_security_page);
async fn the_change_password_url_leads_to_the_security_page(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let page = browser.visit("/.well-known/change-password").await;
    assert_eq!(browser.at, "/dashboard/security");
    assert!(page.shows("Change password"), "{}", page.text());
    let mut stranger = app.browser();
    stranger.visit("/.well-known/change-password").await;
    assert_eq!(stranger.at, "/sign-in?next=/dashboard/security");
}

on_both!(a_native_post_to_a_data_function_does_not_redirect);
async fn a_native_post_to_a_data_function_does_not_redirect(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for path in ["/api/viewer", "/api/overview", "/api/sessions", "/api/activity"] {
        let data = browser.call(path, &[]).await;
        assert_eq!(data.status, 200, "{path}: {}", data.text());
        let natively = browser.post(path, &[]).await;
        assert_eq!((natively.status.as_u16(), natively.location()), (200, None), "{path}");
    }
}
