//! Sessions: one cookie, one row, and no way to restore an ended one.

use portcullis::server::jobs;
use serde_json::json;
use tower_sessions::session::Id;

use crate::support::{ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp};

const SIGN_IN: &str = "/api/sign-in/password";
const CHANGE: &str = "/api/password/change";
const CREDENTIALS: &[(&str, &str)] = &[("email", ADA), ("password", PASSWORD)];
const REMEMBERED: &[(&str, &str)] = &[("email", ADA), ("password", PASSWORD), ("remember", "on")];
const HOUR: i64 = 3600;
const DAY: i64 = 86400;

/// Returns a browser that signed in with "Keep me signed in".
async fn remembered_browser(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    assert_eq!(browser.call(SIGN_IN, REMEMBERED).await.status, 200);
    browser
}

pub async fn change_password(browser: &mut Browser, current: &str, new: &str) -> u16 {
    let fields = [("current_password", current), ("new_password", new)];
    browser.call(CHANGE, &fields).await.status.as_u16()
}

on_both!(v5_0_0__3_3_4__the_session_cookie_is_http_only_on_loopback);
async fn v5_0_0__3_3_4__the_session_cookie_is_http_only_on_loopback(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let answer = app.browser().post(SIGN_IN, CREDENTIALS).await;
    let cookie = answer.cookie("portcullis").unwrap();
    let mut attributes = cookie.attributes;
    attributes.sort();
    assert_eq!(attributes, ["httponly", "path=/", "samesite=lax"], "and no Max-Age");

    let answer = app.browser().post(SIGN_IN, REMEMBERED).await;
    let cookie = answer.cookie("portcullis").unwrap();
    let lifetime = cookie.max_age().unwrap();
    assert!((30 * DAY - 5..=30 * DAY).contains(&lifetime), "{lifetime}");
}

on_both!(v5_0_0__3_3_3__cookies_on_https_are_secure_and_have_the_host_prefix);
async fn v5_0_0__3_3_3__cookies_on_https_are_secure_and_have_the_host_prefix(engine: Engine) {
    let app = TestApp::with_settings(engine, "[site]\nurl = \"https://id.example.com\"\n").await;
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let answer = browser.post(SIGN_IN, CREDENTIALS).await;
    let cookie = answer.cookie("__Host-portcullis").unwrap();
    let mut attributes = cookie.attributes;
    attributes.sort();
    assert_eq!(attributes, ["httponly", "path=/", "samesite=lax", "secure"]);
    assert!(browser.is_signed_in().await);

    // The cookie name without the prefix is ignored on https.
    let mut other = app.browser();
    other.cookies.insert("portcullis".to_owned(), browser.session().unwrap());
    assert!(!other.is_signed_in().await);
    // Every other cookie is bound to this host in the same way.
    let refused = app.browser().post(SIGN_IN, &[("email", ADA), ("password", "wrong")]).await;
    let flash = refused.cookie("__Host-portcullis-flash").unwrap();
    for attribute in ["secure", "httponly", "samesite=lax", "path=/", "max-age=60"] {
        assert!(flash.has(attribute), "{attribute} in {flash:?}");
    }
}

on_both!(signing_out_on_https_removes_the_cookie);
async fn signing_out_on_https_removes_the_cookie(engine: Engine) {
    let app = TestApp::with_settings(engine, "[site]\nurl = \"https://id.example.com\"\n").await;
    let mut browser = app.signed_in_browser(ADA).await;
    browser.post_form("/api/sign-out", &[]).await;
    assert_eq!(app.count_sessions().await, 0);
    // A browser drops a __Host- cookie only for a header that is itself Secure.
    assert_eq!(browser.session(), None);
}

on_both!(v5_0_0__7_2_3__the_database_contains_the_session_id_only_as_a_digest);
async fn v5_0_0__7_2_3__the_database_contains_the_session_id_only_as_a_digest(app: TestApp) {
    let browser = app.signed_in_browser(ADA).await;
    let cookie = browser.session().unwrap();
    assert!(cookie.len() >= 22, "128 bits or more: {cookie}");
    let rows = app.all_rows().await.join("\n");
    assert!(rows.contains("sessions: ") && !rows.contains(&cookie));
    assert!(rows.contains(&portcullis::server::digest::digest(&cookie)));
}

on_both!(v5_0_0__7_2_4__signing_in_creates_a_new_session_and_ends_the_old_one);
async fn v5_0_0__7_2_4__signing_in_creates_a_new_session_and_ends_the_old_one(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut old = browser.clone();
    assert_eq!(browser.call(SIGN_IN, CREDENTIALS).await.status, 200);
    assert_ne!(browser.session(), old.session());
    assert!(browser.is_signed_in().await);
    assert!(!old.is_signed_in().await);
    assert_eq!(app.count_sessions().await, 1);
}

on_both!(a_session_id_chosen_by_the_client_is_never_used);
async fn a_session_id_chosen_by_the_client_is_never_used(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let chosen = Id::default().to_string();
    browser.cookies.insert("portcullis".to_owned(), chosen.clone());
    browser.sign_in(ADA).await;
    assert_ne!(browser.session(), Some(chosen));
}

on_both!(v5_0_0__7_4_3__changing_the_password_renews_this_session_and_ends_the_others);
async fn v5_0_0__7_4_3__changing_the_password_renews_this_session_and_ends_the_others(
    app: TestApp,
) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut phone = app.browser();
    phone.sign_in(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    let mut old = browser.clone();

    let fields = [("current_password", PASSWORD), ("new_password", OTHER_PASSWORD)];
    browser.at = "/dashboard/security".to_owned();
    let page = browser.post_form(CHANGE, &fields).await;
    assert!(page.shows("Password changed. All other sessions were ended."));
    assert_eq!(browser.at, "/dashboard/security");
    assert_ne!(browser.session(), old.session());
    assert!(browser.is_signed_in().await);
    assert!(!old.is_signed_in().await, "the id of before");
    assert!(!phone.is_signed_in().await);
    assert!(eve.is_signed_in().await);
    assert_eq!(app.count_sessions().await, 2);

    assert_eq!(app.browser().try_sign_in(ADA, PASSWORD).await.alerts(), 1);
    app.browser().try_sign_in(ADA, OTHER_PASSWORD).await;
}

on_both!(a_remembered_session_stays_remembered_when_its_id_changes);
async fn a_remembered_session_stays_remembered_when_its_id_changes(app: TestApp) {
    let mut browser = remembered_browser(&app).await;
    app.clock.advance(3 * DAY);
    let fields = [("current_password", PASSWORD), ("new_password", OTHER_PASSWORD)];
    let answer = browser.call(CHANGE, &fields).await;
    assert_eq!(answer.status, 200);
    // The absolute limit does not start again.
    let lifetime = answer.cookie("portcullis").unwrap().max_age().unwrap();
    assert!((27 * DAY - 5..=27 * DAY).contains(&lifetime), "{lifetime}");
}

on_both!(v5_0_0__6_2_3__a_password_change_requires_the_current_password);
async fn v5_0_0__6_2_3__a_password_change_requires_the_current_password(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let before = (app.comparable_rows().await, browser.session());
    for (current, new, expected) in [
        ("", OTHER_PASSWORD, json!({"current_password": "missing"})),
        (OTHER_PASSWORD, OTHER_PASSWORD, json!({"current_password": "wrong"})),
        (PASSWORD, "short", json!({"new_password": {"too_short": {"min": 15}}})),
    ] {
        let fields = [("current_password", current), ("new_password", new)];
        let answer = browser.call(CHANGE, &fields).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.json()["invalid"], expected);
    }
    assert_eq!((app.comparable_rows().await, browser.session()), before);
}

on_both!(v5_0_0__7_3_1__an_idle_session_expires);
async fn v5_0_0__7_3_1__an_idle_session_expires(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.clock.advance(12 * HOUR - 1);
    assert!(browser.is_signed_in().await, "seen in time");
    app.clock.advance(12 * HOUR - 1);
    assert!(browser.is_signed_in().await, "and the limit began again");
    let mut browser = app.browser();
    browser.sign_in(ADA).await;
    app.clock.advance(12 * HOUR);
    assert!(!browser.is_signed_in().await);
}

on_both!(v5_0_0__7_3_2__an_active_session_expires_at_its_absolute_limit);
async fn v5_0_0__7_3_2__an_active_session_expires_at_its_absolute_limit(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for _ in 0..23 {
        app.clock.advance(HOUR);
        assert!(browser.is_signed_in().await);
    }
    app.clock.advance(HOUR);
    assert!(!browser.is_signed_in().await);
}

on_both!(a_remembered_session_has_limits_of_its_own);
async fn a_remembered_session_has_limits_of_its_own(app: TestApp) {
    let mut idle = remembered_browser(&app).await;
    let mut busy = remembered_browser(&app).await;
    for _ in 0..4 {
        app.clock.advance(6 * DAY);
        assert!(busy.is_signed_in().await);
    }
    assert!(!idle.is_signed_in().await, "seven days unseen");
    app.clock.advance(6 * DAY);
    assert!(!busy.is_signed_in().await, "thirty days in all");
}

on_both!(expired_sessions_are_swept);
async fn expired_sessions_are_swept(app: TestApp) {
    app.signed_in_browser(ADA).await;
    app.clock.advance(12 * HOUR - 1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_sessions().await, 1);
    app.clock.advance(1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_sessions().await, 0);
}

on_both!(the_last_seen_time_is_updated_at_most_once_a_minute);
async fn the_last_seen_time_is_updated_at_most_once_a_minute(app: TestApp) {
    const SEEN: &str = "SELECT seen_at FROM sessions";
    let mut browser = app.signed_in_browser(ADA).await;
    let began = app.number(SEEN).await;
    for (seconds, expected) in [(59, 0), (1, 60), (59, 60), (1, 120)] {
        app.clock.advance(seconds);
        browser.visit("/dashboard").await;
        browser.is_signed_in().await;
        assert_eq!(app.number(SEEN).await - began, expected);
    }
    // A clock that is set back changes nothing.
    app.clock.advance(-200);
    assert!(browser.is_signed_in().await);
    assert_eq!(app.number(SEEN).await - began, 120);
}

on_both!(v5_0_0__7_4_1__signing_out_deletes_the_row_and_the_cookie);
async fn v5_0_0__7_4_1__signing_out_deletes_the_row_and_the_cookie(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut copy = browser.clone();
    let page = browser.post_form("/api/sign-out", &[]).await;
    assert_eq!(browser.at, "/sign-in");
    assert!(page.shows("You are signed out."));
    assert_eq!(browser.session(), None);
    assert_eq!(app.count_sessions().await, 0);
    assert!(!copy.is_signed_in().await);
    // Signing out twice, or without a session, is no error. The browser keeps nothing in either case.
    let mut never = app.browser();
    for (browser, had_one) in [(&mut copy, true), (&mut never, false)] {
        let answer = browser.call("/api/sign-out", &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers.get("clear-site-data").unwrap(), "\"storage\"");
        assert_eq!(answer.cookie("portcullis").is_some(), had_one);
        assert_eq!(browser.session(), None);
    }
    // Signing in with a cookie of an ended session loses nothing.
    let mut stale = app.browser();
    stale.cookies.insert("portcullis".to_owned(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let answer = stale.call(SIGN_IN, &[("email", ADA), ("password", PASSWORD)]).await;
    assert_eq!((answer.status.as_u16(), answer.headers.get("clear-site-data")), (200, None));
    assert!(stale.is_signed_in().await);
}

on_both!(v5_0_0__7_5_2__sessions_are_listed_and_ended_one_by_one);
async fn v5_0_0__7_5_2__sessions_are_listed_and_ended_one_by_one(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.clock.advance(90);
    let mut phone = app.browser();
    phone.user_agent =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
        (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
            .to_owned();
    phone.address = ([198, 51, 100, 4], 4444).into();
    phone.sign_in(ADA).await;

    let page = browser.visit("/dashboard/sessions").await;
    for text in
        ["Firefox on Linux", "This browser", "192.0.2.7", "Safari on iPhone", "198.51.100.4"]
    {
        assert!(page.shows(text), "{text}");
    }
    let list = browser.call("/api/sessions", &[]).await.json();
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["is_this_browser"], true);
    assert_eq!(sessions[1]["browser"], "Safari");
    for secret in [browser.session(), phone.session()] {
        assert!(!list.to_string().contains(&secret.unwrap()));
    }

    let id = sessions[1]["id"].as_str().unwrap();
    let page = browser.post_form("/api/sessions/end", &[("id", id)]).await;
    assert!(page.shows("Session ended.") && !page.shows("Safari on iPhone"));
    assert!(!phone.is_signed_in().await);
    assert!(browser.is_signed_in().await);
    // Ending it again is no error.
    assert_eq!(browser.call("/api/sessions/end", &[("id", id)]).await.status, 200);
}

on_both!(an_ip_address_in_a_header_is_ignored_without_a_trusted_proxy);
async fn an_ip_address_in_a_header_is_ignored_without_a_trusted_proxy(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let request = axum::http::Request::post(SIGN_IN)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-for", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .header("x-real-ip", "203.0.113.9");
    let body = format!("email={ADA}&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(browser.send(request.body(body.into()).unwrap()).await.status, 200);
    assert_eq!(app.text("SELECT address FROM sessions").await, "192.0.2.7");
}

on_both!(the_user_agent_is_stored_as_short_printable_text);
async fn the_user_agent_is_stored_as_short_printable_text(app: TestApp) {
    let mut browser = app.browser();
    browser.user_agent = "<b>\t\u{202E}\u{2066}".repeat(200);
    browser.sign_up(ADA).await;
    browser.sign_in(ADA).await;
    let kept = app.text("SELECT browser FROM sessions").await;
    assert!(kept.len() <= 256 && kept.starts_with("<b>"), "{kept:?}");
    assert!(!kept.contains(['\t', '\u{202E}', '\u{2066}']), "{kept:?}");
    let page = browser.visit("/dashboard/sessions").await;
    assert!(page.shows("Unknown browser on Unknown system") && !page.text().contains("<b>"));
}

on_both!(all_other_sessions_end_together);
async fn all_other_sessions_end_together(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut others = [app.browser(), app.browser()];
    for other in &mut others {
        other.sign_in(ADA).await;
    }
    let mut eve = app.signed_in_browser(EVE).await;
    browser.at = "/dashboard/sessions".to_owned();
    let page = browser.post_form("/api/sessions/end-others", &[]).await;
    assert!(page.shows("All other sessions ended."));
    assert!(page.shows("No other browser is signed in to your account."));
    for other in &mut others {
        assert!(!other.is_signed_in().await);
    }
    assert!(browser.is_signed_in().await && eve.is_signed_in().await);
}

on_both!(ending_the_current_session_signs_out);
async fn ending_the_current_session_signs_out(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let id = app.text("SELECT id FROM sessions").await;
    let page = browser.post_form("/api/sessions/end", &[("id", &id)]).await;
    assert_eq!((browser.at.as_str(), browser.session()), ("/sign-in", None));
    assert!(page.shows("You are signed out."));
    assert_eq!(app.count_sessions().await, 0);
}

on_both!(v5_0_0__8_2_2__a_user_cannot_end_another_users_session);
async fn v5_0_0__8_2_2__a_user_cannot_end_another_users_session(app: TestApp) {
    let mut ada = app.signed_in_browser(ADA).await;
    let id = app.text("SELECT id FROM sessions").await;
    let mut eve = app.signed_in_browser(EVE).await;
    assert_eq!(eve.call("/api/sessions/end", &[("id", &id)]).await.status, 200);
    assert!(ada.is_signed_in().await);
    assert_eq!(
        eve.call("/api/sessions", &[]).await.json()["sessions"].as_array().unwrap().len(),
        1
    );
}

on_both!(an_unknown_session_id_ends_nothing);
async fn an_unknown_session_id_ends_nothing(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for id in ["", "x", "' OR 1=1 --", "%", "a\0b"] {
        let answer = browser.call("/api/sessions/end", &[("id", id)]).await;
        assert!(matches!(answer.status.as_u16(), 200 | 400 | 422), "{id:?}: {}", answer.text());
    }
    assert_eq!(app.count_sessions().await, 1);
}

on_both!(a_deleted_user_is_signed_out_and_leaves_no_rows);
async fn a_deleted_user_is_signed_out_and_leaves_no_rows(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.run("DELETE FROM users").await;
    assert!(!browser.is_signed_in().await);
    assert_eq!(app.comparable_rows().await, [""; 0], "and nothing of theirs is left");
}
