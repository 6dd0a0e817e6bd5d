//! Limits on a user's sessions and known places, and the data left in a browser after a session.

use tokio::task::JoinSet;

use crate::support::{ADA, EVE, Engine, PASSWORD, TestApp};

const SESSIONS: &str = "[session]\nmost_per_user = 3\n";
const CREDENTIALS: &[(&str, &str)] = &[("email", ADA), ("password", PASSWORD)];
const ENDED: &str = "SELECT COUNT(*) FROM audit_events WHERE kind = 'session_ended'";

on_both!(v5_0_0__7_1_2__signing_in_over_the_session_limit_ends_the_least_recently_used_session);
async fn v5_0_0__7_1_2__signing_in_over_the_session_limit_ends_the_least_recently_used_session(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, SESSIONS).await;
    let mut eve = app.signed_in_browser(EVE).await;
    app.browser().sign_up(ADA).await;
    let mut browsers = Vec::new();
    for _ in 0..3 {
        let mut browser = app.browser();
        browser.sign_in(ADA).await;
        browsers.push(browser);
        app.clock.advance(61);
    }
    assert!(browsers[0].is_signed_in().await, "seen last, though it began first");
    assert_eq!(app.number(ENDED).await, 0, "three are not too many");
    let mut fourth = app.browser();
    fourth.sign_in(ADA).await;
    let mut alive = Vec::new();
    for browser in &mut browsers {
        alive.push(browser.is_signed_in().await);
    }
    assert_eq!(alive, [true, false, true]);
    assert!(eve.is_signed_in().await, "another user's do not count");
    let page = fourth.visit("/dashboard/activity").await;
    assert!(page.shows("Session ended") && page.shows("too many"), "{}", page.text());

    // A lower maximum applies from the next sign-in.
    let fewer = app.reopen("[session]\nmost_per_user = 1\n").await;
    app.browser().with_app(&fewer).sign_in(ADA).await;
    let left = "SELECT COUNT(*) FROM sessions s JOIN users u ON u.id = s.user_id \
        WHERE u.email_key = 'ada@example.com'";
    assert_eq!(app.number(left).await, 1);
}

on_both!(concurrent_sign_ins_do_not_exceed_the_session_limit);
async fn concurrent_sign_ins_do_not_exceed_the_session_limit(engine: Engine) {
    let app = TestApp::with_settings(engine, SESSIONS).await;
    app.browser().sign_up(ADA).await;
    let mut all = JoinSet::new();
    for _ in 0..5 {
        let mut browser = app.browser();
        all.spawn(async move {
            browser.call("/api/sign-in/password", CREDENTIALS).await.status.as_u16()
        });
    }
    let statuses = all.join_all().await;
    assert!(statuses.iter().all(|it| *it == 200), "{statuses:?}");
    assert_eq!(app.count_sessions().await, 3);
    assert_eq!(app.number(ENDED).await, 2);
}

on_both!(the_oldest_known_browser_and_network_are_forgotten_over_the_limit);
async fn the_oldest_known_browser_and_network_are_forgotten_over_the_limit(engine: Engine) {
    let app = TestApp::with_settings(engine, "[sign_in]\nknown_places = 2\n").await;
    app.browser().sign_up(ADA).await;
    app.browser().sign_up(EVE).await;
    app.browser().with_ip([192, 0, 2, 1]).sign_in(EVE).await;
    for third in [10, 20, 30] {
        app.browser().with_ip([192, 0, third, 1]).sign_in(ADA).await;
        app.clock.advance(86400);
    }
    let known = "SELECT COUNT(*) FROM known_places k JOIN users u ON u.id = k.user_id \
        WHERE u.email_key = 'ada@example.com' AND k.kind = 'browser'";
    assert_eq!(app.number(known).await, 2);
    let networks = "SELECT MIN(place) || ' ' || MAX(place) FROM known_places k \
        JOIN users u ON u.id = k.user_id \
        WHERE u.email_key = 'ada@example.com' AND k.kind = 'network'";
    assert_eq!(app.text(networks).await, "192.0.20.0/24 192.0.30.0/24", "the first is forgotten");
    assert_eq!(app.number("SELECT COUNT(*) FROM known_places").await, 6, "Eve's stay");
}

on_both!(v5_0_0__14_3_1__signing_out_clears_the_browsers_storage);
async fn v5_0_0__14_3_1__signing_out_clears_the_browsers_storage(app: TestApp) {
    const CLEAR: &str = "clear-site-data";
    let mut browser = app.signed_in_browser(ADA).await;
    for path in ["/dashboard", "/dashboard/sessions"] {
        assert_eq!(browser.get(path).await.header(CLEAR), "", "{path}");
    }
    assert_eq!(app.browser().get("/sign-in").await.header(CLEAR), "");
    let answer = browser.post("/api/sign-out", &[]).await;
    assert_eq!(answer.header(CLEAR), "\"storage\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = app.browser().try_sign_in(ADA, PASSWORD).await;
    assert_eq!(answer.header(CLEAR), "", "there was no session before");
    browser.sign_in(ADA).await;
    let answer = browser.call("/api/deletion/ask", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header(CLEAR)), (200, "\"storage\""));
}
