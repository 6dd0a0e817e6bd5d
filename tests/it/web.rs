//! The rules of the road: headers on every answer, who may post, what is too much.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::{Method, Request};
use portcullis::server::assets;
use serde_json::json;

use crate::errors::refusals;
use crate::support::outage::{Lock, Proxy};
use crate::support::{ADA, Answer, Browser, EVE, Engine, PASSWORD, TestApp, html};

const SIGN_UP: &str = "/api/sign-up";
const FORM: &str = "application/x-www-form-urlencoded";

fn form_body(email: &str) -> Body {
    format!("email={email}&password={}", PASSWORD.replace(' ', "+")).into()
}

/// A post that is right but for what is asked of it.
fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header("sec-fetch-site", "same-origin").header("content-type", FORM)
}

/// What every answer carries (ASVS 5.0, chapter 3.4).
pub fn is_dressed(answer: &Answer, what: &str) {
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

/// One answer of each kind that there is.
async fn one_of_each(app: &TestApp) -> Vec<(&'static str, u16, Answer)> {
    let mut browser = app.browser_of(ADA).await;
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

on_both!(v5_0_0__3_4__every_answer_has_every_header);
async fn v5_0_0__3_4__every_answer_has_every_header(app: TestApp) {
    for (what, status, answer) in one_of_each(&app).await {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        is_dressed(&answer, what);
        assert_eq!(answer.header("strict-transport-security"), "", "{what} on loopback");
        let stored = if what == "asset" { "immutable" } else { "no-store" };
        assert!(answer.header("cache-control").contains(stored), "{what}");
    }
}

on_both!(v5_0_0__3_4_1__https_is_for_good);
async fn v5_0_0__3_4_1__https_is_for_good(engine: Engine) {
    let app = TestApp::with(engine, "[site]\nurl = \"https://id.example.com\"\n").await;
    for (what, _, answer) in one_of_each(&app).await {
        let transport = answer.header("strict-transport-security");
        assert_eq!(transport, "max-age=63072000; includeSubDomains", "{what}");
    }
}

on_both!(v5_0_0__4_1_1__every_text_says_its_charset);
async fn v5_0_0__4_1_1__every_text_says_its_charset(app: TestApp) {
    for (what, _, answer) in one_of_each(&app).await {
        let kind = answer.header("content-type");
        if kind.starts_with("text/html") || kind.starts_with("text/plain") {
            assert!(kind.ends_with("charset=utf-8"), "{what}: {kind}");
        }
    }
}

on_both!(v5_0_0__3_4_3__each_page_has_a_nonce_of_its_own);
async fn v5_0_0__3_4_3__each_page_has_a_nonce_of_its_own(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
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
        has_nothing_inline(&html);
    }
}

pub fn has_nothing_inline(html: &str) {
    let markup = html::without_scripts(html);
    assert!(!markup.contains("<style"), "{markup}");
    for tag in markup.split('<').map(|it| it.split('>').next().unwrap()) {
        assert!(!tag.contains(" style=\""), "{tag}");
        assert!(!tag.contains("javascript:"), "{tag}");
        let handlers = tag.split_whitespace().filter(|it| it.starts_with("on") && it.contains('='));
        assert_eq!(handlers.count(), 0, "{tag}");
    }
}

on_both!(a_page_for_an_error_names_its_request);
async fn a_page_for_an_error_names_its_request(app: TestApp) {
    let mut browser = app.browser();
    let mut refused = post(SIGN_UP).header("accept", "text/html").body(form_body(ADA)).unwrap();
    refused.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    for (status, sentence, answer) in [
        (404, "There is nothing at this address.", browser.get("/nowhere").await),
        (404, "There is nothing at this address.", browser.get("/dashboard/nowhere").await),
        (405, "This address doesn't take that kind of request.", browser.get(SIGN_UP).await),
        (403, "This request came from another site", browser.send(refused).await),
    ] {
        assert_eq!(answer.status, status);
        assert!(answer.says(sentence) && answer.says(&status.to_string()), "{}", answer.text());
        assert!(answer.says(answer.header("x-request-id")), "{}", answer.text());
        has_nothing_inline(&answer.text());
        assert!(answer.text().starts_with("<!DOCTYPE html>"));
    }
}

on_both!(errors_are_pages_for_people_and_json_for_programs);
async fn errors_are_pages_for_people_and_json_for_programs(app: TestApp) {
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

on_both!(v5_0_0__3_5_1__only_our_own_pages_may_post);
async fn v5_0_0__3_5_1__only_our_own_pages_may_post(app: TestApp) {
    let ours = app.app.config.site.origin();
    let mut browser = app.browser_of(ADA).await;
    let mut before = app.dump().await;
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
        let after = app.dump().await;
        assert_eq!(after != before, allowed, "{site:?} {origin:?}");
        before = after;
    }
    assert!(browser.is_signed_in().await);
}

on_both!(two_origins_are_not_ours);
async fn two_origins_are_not_ours(app: TestApp) {
    let ours = app.app.config.site.origin();
    let request = Request::post(SIGN_UP)
        .header("content-type", FORM)
        .header("origin", ours)
        .header("origin", "https://evil.example");
    let answer = app.browser().send(request.body(form_body(ADA)).unwrap()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(app.users().await, 0);
}

on_both!(v5_0_0__3_5_3__what_changes_something_is_a_post);
async fn v5_0_0__3_5_3__what_changes_something_is_a_post(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    let before = app.dump().await;
    for (path, _) in portcullis::server::http::access::PERMISSIONS {
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
            is_dressed(&answer, path);
        }
    }
    assert_eq!(app.dump().await, before);
    assert!(browser.is_signed_in().await);
}

on_both!(v5_0_0__13_4_4__methods_that_nobody_needs_are_refused);
async fn v5_0_0__13_4_4__methods_that_nobody_needs_are_refused(app: TestApp) {
    for method in ["TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "BREW"] {
        for path in ["/", "/sign-in", "/dashboard", "/health/live", "/nowhere"] {
            let request = Request::builder().method(method).uri(path).body(Body::empty());
            let answer = app.browser().send(request.unwrap()).await;
            assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
            is_dressed(&answer, path);
        }
    }
}

on_both!(a_head_is_answered_as_a_get_without_its_body);
async fn a_head_is_answered_as_a_get_without_its_body(app: TestApp) {
    for path in ["/", "/sign-in", "/health/live"] {
        let request = Request::head(path).header("accept", "text/html").body(Body::empty());
        let answer = app.browser().send(request.unwrap()).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.text(), "");
        is_dressed(&answer, path);
    }
}

on_both!(a_body_over_the_limit_is_refused);
async fn a_body_over_the_limit_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let long = format!("email={ADA}&password={}", "x".repeat(65536));
    let length = long.len();
    for accept in ["text/html", "application/json"] {
        // Where the length is told beforehand, and where it shows only as it comes.
        let told = post(SIGN_UP).header("accept", accept).header("content-length", length);
        let answer = browser.send(told.body(long.clone().into()).unwrap()).await;
        assert_eq!(answer.status, 413);
        let untold = post(SIGN_UP).header("accept", accept);
        let answer = browser.send(untold.body(long.clone().into()).unwrap()).await;
        assert_eq!(answer.status, 413);
        if accept == "text/html" {
            assert!(answer.says("That is more than this form takes."), "{}", answer.text());
        } else {
            assert_eq!(answer.json(), "too_large");
        }
    }
    assert_eq!(app.users().await, 0);
    let fits = format!("email={ADA}&password=a+long+enough+one&more={}", "x".repeat(60_000));
    assert_eq!(browser.send(post(SIGN_UP).body(fits.into()).unwrap()).await.status, 200);
}

on_both!(a_post_that_is_no_form_is_refused);
async fn a_post_that_is_no_form_is_refused(app: TestApp) {
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
    assert_eq!(app.users().await, 0);
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

on_both!(a_form_on_a_page_that_is_gone_says_nothing_of_a_function);
async fn a_form_on_a_page_that_is_gone_says_nothing_of_a_function(app: TestApp) {
    // Leptos itself would put the function and its error into the address.
    let answer = app.browser().post("/api/sign-in/password", &[("email", "x")]).await;
    let to = answer.location().unwrap();
    assert!(!to.contains("__path") && !to.contains("__err"), "{to}");
}

on_both!(hashed_files_are_immutable_and_compressed);
async fn hashed_files_are_immutable_and_compressed(app: TestApp) {
    let Some(entry) = assets::entry() else { return not_built() };
    let mut browser = app.browser();
    let mut fetch = async |path: &str, accept: &str| {
        let request = Request::get(path).header("accept-encoding", accept).body(Body::empty());
        browser.send(request.unwrap()).await
    };
    let style = assets::style().unwrap();
    for (path, kind) in [
        (entry.script.as_str(), "text/javascript"),
        (entry.wasm.as_str(), "application/wasm"),
        (style, "text/css; charset=utf-8"),
    ] {
        let plain = fetch(path, "").await;
        let brotli = fetch(path, "gzip, deflate, br").await;
        let gzip = fetch(path, "gzip;q=1.0, br;q=0").await;
        for (answer, coding) in [(&plain, ""), (&brotli, "br"), (&gzip, "gzip")] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-encoding"), coding, "{path}");
            assert_eq!(answer.header("content-type"), kind);
            assert_eq!(answer.header("vary"), "accept-encoding");
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        }
        assert!(
            brotli.body.len() < gzip.body.len() && gzip.body.len() < plain.body.len(),
            "{path}"
        );
    }
    // What a page names is there.
    let page = browser.get("/sign-in").await.text();
    for path in [&entry.script, &entry.wasm, style] {
        assert!(page.contains(path), "{path}");
    }
}

on_both!(a_file_without_a_hash_is_not_kept);
async fn a_file_without_a_hash_is_not_kept(app: TestApp) {
    if assets::find("/favicon.svg").is_none() {
        return not_built();
    }
    let icon = app.browser().get("/favicon.svg").await;
    assert_eq!((icon.status.as_u16(), icon.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(icon.header("cache-control"), "no-store");
    is_dressed(&icon, "an icon");
}

#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn not_built() {
    eprintln!("NOT RUN: target/site was empty when the server was built");
}

on_both!(v5_0_0__13_4_1__nothing_but_the_site_is_served);
async fn v5_0_0__13_4_1__nothing_but_the_site_is_served(app: TestApp) {
    for path in [
        "/.git/config",
        "/.env",
        "/Cargo.toml",
        "/pkg",
        "/pkg/",
        "/pkg/../Cargo.toml",
        "/pkg/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/portcullis.toml",
        "/portcullis-data/key",
        "/metrics",
        "/_leptos",
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

on_both!(v5_0_0__16_5_3__without_the_database_nobody_comes_in_and_nobody_is_signed_out);
async fn v5_0_0__16_5_3__without_the_database_nobody_comes_in_and_nobody_is_signed_out(
    app: TestApp,
) {
    let mut browser = app.browser_of(ADA).await;
    let session = browser.session();
    app.app.db.close().await;

    for path in ["/dashboard", "/dashboard/sessions", "/sign-in", "/", "/nowhere"] {
        let page = browser.get(path).await;
        if path == "/nowhere" && page.status == 404 {
            continue;
        }
        is_out_of_reach(&page);
    }
    let page = browser.post("/api/profile/display-name", &[("display_name", "Ada")]).await;
    is_out_of_reach(&page);
    let answer = browser.call("/api/viewer", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(browser.session(), session, "the cookie stays for when it is back");

    let mut stranger = app.browser();
    assert_eq!(stranger.get("/sign-in").await.status, 200, "asks nothing of the database");
    let fields = [("email", ADA), ("password", PASSWORD)];
    is_out_of_reach(&stranger.post("/api/sign-in/password", &fields).await);
    assert_eq!(stranger.call(SIGN_UP, &fields).await.status, 503);
    assert_eq!(stranger.get("/health/live").await.status, 200);
    let ready = stranger.get("/health/ready").await;
    assert_eq!(ready.status, 503);
    is_dressed(&ready, "readiness");
}

fn is_out_of_reach(page: &Answer) {
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(page.says("We can't reach our records right now."), "{}", page.text());
    assert!(page.says(page.header("x-request-id")));
    assert_eq!(page.header("retry-after"), "5");
    is_dressed(page, "503");
}

on_both!(when_the_database_is_back_the_site_is_too);
async fn when_the_database_is_back_the_site_is_too(app: TestApp) {
    let impatient = "[database]\nbusy_timeout = \"1s\"\n";
    if !app.is_postgres() {
        let behind = app.again(impatient).await;
        let mut browser = app.browser_of(ADA).await.at_another(&behind);
        let lock = Lock::take(&app.database.url).await;
        let answer = browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
        lock.release().await;
        return is_back(browser).await;
    }
    let (_, server) = app.database.url.split_once('@').unwrap();
    let (server, name) = server.split_once('/').unwrap();
    let mut proxy = Proxy::open(server).await;
    let url = format!("postgres://postgres@{}/{name}", proxy.address());
    let behind = app.again(&format!("{impatient}url = {url:?}\n")).await;
    let mut browser = app.browser_of(ADA).await.at_another(&behind);
    assert!(browser.is_signed_in().await);
    proxy.close().await;
    is_out_of_reach(&browser.get("/dashboard").await);
    let answer = browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
    assert_eq!(browser.get("/health/ready").await.status, 503);
    proxy.reopen().await;
    is_back(browser).await;
}

async fn is_back(mut browser: Browser) {
    assert_eq!(browser.get("/health/ready").await.status, 200);
    assert!(browser.is_signed_in().await);
    browser.sign_up(EVE).await;
    browser.signs_in(EVE).await;
}

on_both!(a_name_is_saved_shown_as_text_and_refused_at_its_field);
async fn a_name_is_saved_shown_as_text_and_refused_at_its_field(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    browser.at = "/dashboard/profile".to_owned();
    let path = "/api/profile/display-name";
    let name = "</script><script>x=1</script>\u{2028}<b>&amp;\"'{{7*7}}";
    let page = browser.post_form(path, &[("display_name", name)]).await;
    assert!(page.says("Your name is saved."));
    assert_eq!(page.value_of("display_name").as_deref(), Some(name));
    assert_eq!(app.text("SELECT display_name FROM users").await, name);
    for path in ["/dashboard", "/dashboard/profile"] {
        let html = browser.get(path).await.text();
        assert!(!html.contains("<script>x=1") && !html.contains("<b>&amp;"), "{path}");
        has_nothing_inline(&html);
    }
    for bad in ["a\0b", "a\nb", "a\u{202e}b", &"é".repeat(81)] {
        let answer = browser.call(path, &[("display_name", bad)]).await;
        assert_eq!(answer.status, 422, "{bad:?}");
        browser.at = "/dashboard/profile".to_owned();
        let page = browser.post_form(path, &[("display_name", bad)]).await;
        assert!(page.problem_at("display_name").is_some(), "{bad:?}");
    }
    assert_eq!(app.text("SELECT display_name FROM users").await, name);
}

on_both!(the_appearance_is_this_browsers);
async fn the_appearance_is_this_browsers(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    browser.at = "/dashboard/profile".to_owned();
    for (sent, kept) in [("dark", "dark"), ("light", "light"), ("\"><b>", "system")] {
        let page = browser.post_form("/api/profile/appearance", &[("appearance", sent)]).await;
        assert!(page.says("Your appearance is saved."));
        assert!(page.text().contains(&format!("data-appearance=\"{kept}\"")), "{}", page.text());
    }
}

on_both!(who_is_signed_in_needs_no_pages_for_strangers);
async fn who_is_signed_in_needs_no_pages_for_strangers(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    for path in ["/", "/sign-in", "/sign-up"] {
        assert_eq!(browser.get(path).await.location().as_deref(), Some("/dashboard"), "{path}");
    }
}

on_both!(a_request_without_an_address_is_served);
async fn a_request_without_an_address_is_served(app: TestApp) {
    use tower::ServiceExt as _;
    let request = Request::get("/sign-in").header("accept", "text/html").body(Body::empty());
    let response = app.router.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
}

on_both!(cookies_stay_below_what_browsers_keep);
async fn cookies_stay_below_what_browsers_keep(app: TestApp) {
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
