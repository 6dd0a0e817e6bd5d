//! The database fails and recovers.

use std::sync::Arc;

use portcullis::args;
use portcullis::server::App;
use serde_json::json;

use crate::support::app::run_jobs;
use crate::support::outage::{Proxy, WriteLock};
use crate::support::{ADA, Browser, EVE, Engine, PASSWORD, TestApp, TestResponse};
use crate::web::assert_common_headers;

const SIGN_UP: &str = "/api/sign-up";

on_both!(v5_0_0__16_5_3__a_database_outage_signs_nobody_in_and_nobody_out);
async fn v5_0_0__16_5_3__a_database_outage_signs_nobody_in_and_nobody_out(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let session = browser.session();
    app.app.db.close().await;

    for path in ["/dashboard", "/dashboard/sessions", "/sign-in", "/", "/nowhere"] {
        let page = browser.get(path).await;
        if path == "/nowhere" && page.status == 404 {
            continue;
        }
        assert_unavailable(&page);
    }
    let page = browser.post("/api/profile/display-name", &[("display_name", "Ada")]).await;
    assert_unavailable(&page);
    let answer = browser.call("/api/viewer", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(browser.session(), session, "the cookie stays for when it is back");

    let mut stranger = app.browser();
    assert_eq!(stranger.get("/sign-in").await.status, 200, "asks nothing of the database");
    let fields = [("email", ADA), ("password", PASSWORD)];
    assert_unavailable(&stranger.post("/api/sign-in/password", &fields).await);
    assert_eq!(stranger.call(SIGN_UP, &fields).await.status, 503);
    assert_eq!(stranger.get("/health/live").await.status, 200);
    let ready = stranger.get("/health/ready").await;
    assert_eq!(ready.status, 503);
    assert_common_headers(&ready, "readiness");
}

fn assert_unavailable(page: &TestResponse) {
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(page.shows("Temporarily unavailable."), "{}", page.text());
    assert!(page.shows(page.header("x-request-id")));
    assert_eq!(page.header("retry-after"), "5");
    assert_common_headers(page, "503");
}

on_both!(the_site_recovers_with_the_database);
async fn the_site_recovers_with_the_database(app: TestApp) {
    let impatient = "[database]\nbusy_timeout = \"1s\"\n";
    if !app.is_postgres() {
        let behind = app.reopen(impatient).await;
        let mut browser = app.signed_in_browser(ADA).await.with_app(&behind);
        let lock = WriteLock::take(&app.database.url).await;
        let answer = browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
        lock.release().await;
        return assert_recovered(browser).await;
    }
    let (_, server) = app.database.url.split_once('@').unwrap();
    let (server, name) = server.split_once('/').unwrap();
    let mut proxy = Proxy::open(server).await;
    let url = format!("postgres://postgres@{}/{name}", proxy.address());
    let behind = app.reopen(&format!("{impatient}url = {url:?}\n")).await;
    let mut browser = app.signed_in_browser(ADA).await.with_app(&behind);
    assert!(browser.is_signed_in().await);
    proxy.close().await;
    assert_unavailable(&browser.get("/dashboard").await);
    let answer = browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
    assert_eq!(browser.get("/health/ready").await.status, 503);
    proxy.reopen().await;
    assert_recovered(browser).await;
}

async fn assert_recovered(mut browser: Browser) {
    assert_eq!(browser.get("/health/ready").await.status, 200);
    assert!(browser.is_signed_in().await);
    browser.sign_up(EVE).await;
    browser.sign_in(EVE).await;
}

/// Opens an app with every limit disabled and one connection, whose database file can't grow.
async fn open_full_app(app: &TestApp) -> Arc<App> {
    let full = app.reopen(&format!("[database]\nconnections = 1\n{NO_LIMITS}")).await;
    // SQLite doesn't go below the current size, so every further page fails as on a full disk.
    full.db.execute("PRAGMA max_page_count = 1", args![]).await.unwrap();
    full
}

const NO_LIMITS: &str = "
    [limit]
    sign_up_account = \"none\"
    sign_up_address = \"none\"
    recovery_account = \"none\"
    recovery_address = \"none\"
    recovery_unknown = \"none\"
    resend_account = \"none\"
    resend_address = \"none\"
    mailed_sign_in_account = \"none\"
    mailed_sign_in_address = \"none\"
    mailed_sign_in_unknown = \"none\"
    mail_recipient = \"none\"
";

/// How often an action is repeated to fill the free space in the existing pages.
const OFTEN: usize = 200;

#[tokio::test]
async fn v5_0_0__16_5_3__on_a_full_disk_an_action_succeeds_completely_or_changes_nothing() {
    let app = TestApp::start(Engine::Sqlite).await;
    let ada = app.signed_in_browser(ADA).await;
    for action in [
        SIGN_UP,
        "/api/recovery/ask",
        "/api/sign-in/mail",
        "/api/verification/resend",
        "/api/verification/change",
        "/api/export",
        "/api/deletion/ask",
    ] {
        let full = open_full_app(&app).await;
        let mut browser = ada.clone().with_app(&full);
        let mut was_full = false;
        for n in 0..OFTEN {
            let email = format!("somebody-{n}@example.com");
            let before = app.comparable_rows().await;
            let answer = browser.call(action, &[("email", &email), ("password", PASSWORD)]).await;
            match answer.status.as_u16() {
                // The deletion has ended this session.
                401 => break,
                503 => was_full = true,
                status => assert_eq!(status, 200, "{action}: {}", answer.text()),
            }
            if was_full {
                assert_eq!(answer.json(), json!("unavailable"), "{action}");
                assert_eq!(app.comparable_rows().await, before, "{action}");
                break;
            }
        }
        // SQLite ended this connection's transaction, so the pool replaces it with one that has room.
        let email = format!("later-{}@example.com", action.len());
        let answer = browser.call(SIGN_UP, &[("email", &email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        // A deletion may find enough room.
        assert!(was_full || action == "/api/deletion/ask", "{action} was never one too many");
    }
}

#[tokio::test]
async fn queued_mail_survives_a_full_disk() {
    let app = TestApp::with_settings(Engine::Sqlite, NO_LIMITS).await;
    app.browser().sign_up(ADA).await;
    app.mails().await;
    let mut browser = app.browser();
    for _ in 0..OFTEN {
        assert_eq!(browser.call("/api/recovery/ask", &[("email", ADA)]).await.status, 200);
        assert_eq!(browser.call("/api/sign-in/mail", &[("email", ADA)]).await.status, 200);
    }
    let full = open_full_app(&app).await;
    assert!(run_jobs(&full).await.is_err(), "400 mails found room");
    let open = "SELECT (SELECT COUNT(*) FROM recovery_requests)
        + (SELECT COUNT(*) FROM mailed_sign_ins WHERE answered_at IS NULL)";
    let written = "SELECT COUNT(*) FROM mails WHERE name IN ('recovery', 'sign-in')";
    let count = i64::try_from(OFTEN).unwrap() * 2;
    assert_eq!(app.number(open).await + app.number(written).await, count);
    // There is room again.
    assert_eq!(app.mails().await.len(), OFTEN * 2);
    assert_eq!(app.number(open).await, 0);
}
