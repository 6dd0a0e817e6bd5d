//! Refusals and faults: a page for users, JSON for programs, and nothing about the cause.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request};
use serde_json::{Value, json};

use crate::support::load::{SLOW_HASHING, occupy_hasher};
use crate::support::{
    ADA, Browser, Engine, Fault, PASSWORD, Provider, ProviderEndpoint, ProviderUser, TestApp,
    TestResponse,
};
use crate::web::{assert_common_headers, assert_nothing_inline};

const SIGN_IN: &str = "/api/sign-in/password";
const SIGN_UP: &str = "/api/sign-up";
const FAULT: &str = "Something went wrong on our side. Try again in a moment.";

/// The responses to one request, as a browser without scripts sends it and as a program does.
#[derive(Debug)]
pub struct Refusal {
    pub what: &'static str,
    pub status: u16,
    pub sentence: &'static str,
    pub code: &'static str,
    pub page: TestResponse,
    pub data: TestResponse,
}

fn form(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into())
        .unwrap()
}

fn with_header(
    mut request: Request<Body>,
    name: &'static str,
    value: &'static str,
) -> Request<Body> {
    request.headers_mut().insert(name, HeaderValue::from_static(value));
    request
}

fn credentials() -> String {
    format!("email={ADA}&password={}", PASSWORD.replace(' ', "+"))
}

type Expected = (&'static str, u16, &'static str, &'static str);

async fn refusal(
    browser: &mut Browser,
    (what, status, sentence, code): Expected,
    request: impl Fn() -> Request<Body>,
) -> Refusal {
    let page = browser.send(with_header(request(), "accept", "text/html")).await;
    let data = browser.send(with_header(request(), "accept", "application/json")).await;
    Refusal { what, status, sentence, code, page, data }
}

/// Returns every refusal that has a page for users. Leaves the database unusable.
pub async fn refusals(app: &TestApp) -> Vec<Refusal> {
    let idp = Provider::start().await;
    idp.set_fault(ProviderEndpoint::Discovery, Fault::Hang);
    let settings = format!(
        "[site]\nurl = {:?}\n[http]\nrequest_timeout = \"1s\"\n{SLOW_HASHING}{}",
        app.app.config.site.url.as_str(),
        idp.oidc("idp")
    );
    let slow = app.reopen(&settings).await;
    let mut browser = app.browser().with_app(&slow);
    occupy_hasher(&slow).await;
    let busy = ("busy", 503, "Too many sign-ins right now.", "busy");
    let mut all = vec![refusal(&mut browser, busy, || form(SIGN_IN, credentials())).await];
    let slow = ("time-out", 408, "The request took too long. Try again.", "timeout");
    all.push(refusal(&mut browser, slow, || form("/api/sign-in/social", "provider=idp")).await);

    let mut browser = app.browser();
    let unreadable = ("not UTF-8", 400, "The server couldn't read this request.", "bad_request");
    all.push(refusal(&mut browser, unreadable, || form(SIGN_UP, "email=%ff")).await);
    let cross = ("cross-site", 403, "This request came from another site", "cross_site");
    let request = || with_header(form(SIGN_UP, credentials()), "sec-fetch-site", "cross-site");
    all.push(refusal(&mut browser, cross, request).await);
    let unknown = ("unknown", 404, "This page doesn't exist or was deleted.", "not_found");
    all.push(refusal(&mut browser, unknown, || form("/api/nowhere", "")).await);
    let method = (
        "wrong method",
        405,
        "This URL doesn't support that kind of request.",
        "method_not_allowed",
    );
    let request = || Request::get(SIGN_UP).body(Body::empty()).unwrap();
    all.push(refusal(&mut browser, method, request).await);
    let large = ("too large", 413, "The request is too large.", "too_large");
    all.push(refusal(&mut browser, large, || form(SIGN_UP, "x".repeat(70_000))).await);
    let kind = ("wrong type", 415, "This URL accepts only form data.", "unsupported_media_type");
    let request = || with_header(form(SIGN_UP, "{}"), "content-type", "application/json");
    all.push(refusal(&mut browser, kind, request).await);

    app.run("DROP TABLE passwords").await;
    let fault = ("fault", 500, FAULT, "internal");
    all.push(refusal(&mut browser, fault, || form(SIGN_IN, credentials())).await);
    all
}

on_both!(a_refusal_is_a_page_with_the_request_id_for_browsers);
async fn a_refusal_is_a_page_with_the_request_id_for_browsers(app: TestApp) {
    for Refusal { what, status, sentence, page, .. } in refusals(&app).await {
        assert_eq!(page.status, status, "{what}: {}", page.text());
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{what}");
        assert!(page.text().starts_with("<!DOCTYPE html>"), "{what}");
        assert!(page.shows(sentence) && page.shows(&status.to_string()), "{what}: {}", page.text());
        assert!(page.shows(page.header("x-request-id")), "{what}: {}", page.text());
        assert!(!page.text().contains(PASSWORD), "{what}");
        assert_nothing_inline(&page.text());
        assert_common_headers(&page, what);
    }
}

on_both!(a_refusal_is_json_for_programs);
async fn a_refusal_is_json_for_programs(app: TestApp) {
    for Refusal { what, status, code, data, .. } in refusals(&app).await {
        assert_eq!(data.status, status, "{what}: {}", data.text());
        assert_eq!(data.header("content-type"), "application/json", "{what}");
        // A refusal with details is an object whose key is its code.
        let name = data.json().as_object().and_then(|it| it.keys().next().cloned());
        assert_eq!(name.map_or_else(|| data.json(), Value::String), code, "{what}");
        assert_common_headers(&data, what);
    }
}

on_both!(a_busy_server_says_when_to_retry);
async fn a_busy_server_says_when_to_retry(engine: Engine) {
    let app = TestApp::with_settings(engine, SLOW_HASHING).await;
    occupy_hasher(&app.app).await;
    let mut browser = app.browser();
    for (path, page) in [(SIGN_IN, "/sign-in"), (SIGN_UP, "/sign-up")] {
        browser.at = page.to_owned();
        let fields = [("email", ADA), ("password", PASSWORD)];
        for answer in [browser.post(path, &fields).await, browser.call(path, &fields).await] {
            assert_eq!(answer.status, 503, "{path}: {}", answer.text());
            let seconds: u32 = answer.header("retry-after").parse().unwrap();
            assert!((1..=30).contains(&seconds), "{path}: {seconds}");
        }
    }
    assert_eq!(app.comparable_rows().await, [""; 0]);
}

on_both!(v5_0_0__16_5_1__a_fault_does_not_reveal_its_cause);
async fn v5_0_0__16_5_1__a_fault_does_not_reveal_its_cause(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.run("DROP TABLE passwords").await;
    let fields = [("email", ADA), ("password", PASSWORD)];
    for answer in [
        app.browser().post(SIGN_IN, &fields).await,
        app.browser().call(SIGN_IN, &fields).await,
        app.browser().call(SIGN_UP, &[("email", "new@example.com"), fields[1]]).await,
        // The query for the signed-in user also reads the password's age.
        browser.get("/dashboard").await,
        browser.call("/api/viewer", &[]).await,
    ] {
        assert_eq!(answer.status, 500, "{}", answer.text());
        let text = answer.text().to_lowercase();
        for word in ["passwords", "table", "relation", "sql", "src/", ".rs", "panic"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
}

on_both!(v5_0_0__16_5_3__a_fault_during_sign_up_leaves_no_user);
async fn v5_0_0__16_5_3__a_fault_during_sign_up_leaves_no_user(app: TestApp) {
    app.run("DROP TABLE passwords").await;
    let fields = [("email", ADA), ("password", PASSWORD)];
    assert_eq!(app.browser().call(SIGN_UP, &fields).await.status, 500);
    assert_eq!(
        app.count_users().await,
        0,
        "the user went with the password that could not be stored"
    );
}

/// Panics when it is converted to bytes, in the middle of a handler.
struct Bomb;

impl From<Bomb> for Bytes {
    fn from(_: Bomb) -> Self {
        panic!("a fault of ours that names the table passwords")
    }
}

/// Returns a body that panics when it is read, which a handler does first.
fn bomb() -> Body {
    let (send, receive) = flume::bounded(1);
    send.send(Ok::<_, Infallible>(Bomb)).unwrap();
    Body::from_stream(receive.into_stream())
}

on_both!(v5_0_0__16_5_4__a_panic_gets_the_same_response_as_any_other_fault);
async fn v5_0_0__16_5_4__a_panic_gets_the_same_response_as_any_other_fault(app: TestApp) {
    let mut browser = app.browser();
    let page = browser.send(with_header(form(SIGN_IN, bomb()), "accept", "text/html")).await;
    assert_eq!(page.status, 500, "{}", page.text());
    assert!(page.shows(FAULT) && page.shows(page.header("x-request-id")), "{}", page.text());
    assert!(!page.text().contains("passwords"), "{}", page.text());
    assert_common_headers(&page, "a panic");
    let data = browser.send(with_header(form(SIGN_IN, bomb()), "accept", "application/json")).await;
    assert_eq!((data.status.as_u16(), data.json()), (500, json!("internal")));
    assert_common_headers(&data, "a panic");
    // The next request is served.
    browser.sign_up(ADA).await;
    browser.sign_in(ADA).await;
}

on_both!(a_correctable_problem_leads_back_to_the_form_instead_of_an_error_page);
async fn a_correctable_problem_leads_back_to_the_form_instead_of_an_error_page(engine: Engine) {
    let forge = Provider::start().await;
    let app = TestApp::with_settings(engine, &forge.oauth("forge")).await;
    let mut browser = app.browser();
    browser.at = "/sign-in".to_owned();
    let authorize = browser.start_sign_in_at("forge").await;
    let person =
        ProviderUser { emails: vec![(ADA.to_owned(), true, true)], ..ProviderUser::named("ada") };
    browser.visit(&forge.consent(&authorize, &person)).await;
    let id = app.text("SELECT id FROM linked_accounts").await;
    let mut stranger = app.browser();
    for (browser, path, fields, status, code) in [
        (&mut browser, "/api/linked-accounts/unlink", [("id", id.as_str())], 409, "last_way_in"),
        (&mut stranger, SIGN_UP, [("email", "ada")], 422, "invalid"),
    ] {
        let data = browser.call(path, &fields).await;
        assert_eq!(data.status, status);
        assert!(data.json() == code || data.json()[code].is_object(), "{}", data.text());
        assert_common_headers(&data, path);
        let posted = browser.post(path, &fields).await;
        assert_eq!(posted.status, 303, "{path}");
        assert_eq!(browser.follow(posted).await.status, 200, "{path}");
    }
}
