//! Cookies of other applications on the same host, and several cookies under one of our names.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::COOKIE;
use axum::http::{HeaderValue, Request};
use std::net::SocketAddr;
use tower::ServiceExt as _;

use crate::support::{ADA, EVE, PASSWORD, ProviderUser, Social, TestApp};

/// Returns a page's status for these raw `Cookie` headers.
async fn status(app: &TestApp, path: &str, lines: &[Vec<u8>]) -> u16 {
    let mut request =
        Request::get(path).header("host", "localhost:3000").header("accept", "text/html");
    for line in lines {
        request = request.header(COOKIE, HeaderValue::from_bytes(line).unwrap());
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 50000))));
    app.router.clone().oneshot(request).await.unwrap().status().as_u16()
}

on_both!(another_applications_cookie_does_not_sign_the_user_out);
async fn another_applications_cookie_does_not_sign_the_user_out(app: TestApp) {
    let browser = app.signed_in_browser(ADA).await;
    let ours = format!("portcullis={}", browser.session().unwrap()).into_bytes();
    let many = "x=y; ".repeat(400).into_bytes();
    for other in [
        &b"x=\xe6\xf8\xe5"[..],
        b"\xff",
        b"=",
        b"x",
        b"x=\"a; b",
        b"x=%ff%fe",
        b"{\"a\":1}",
        b"portcullis-flash=\xff",
        b"portcullis=\xff",
        &many,
    ] {
        let after = [&ours[..], b"; ", other].concat();
        let before = [other, b"; ", &ours[..]].concat();
        for lines in [vec![after], vec![before], vec![other.to_vec(), ours.clone()]] {
            let seen = String::from_utf8_lossy(other).chars().take(40).collect::<String>();
            assert_eq!(status(&app, "/dashboard", &lines).await, 200, "{seen:?}");
        }
    }
}

on_both!(the_valid_one_of_several_session_cookies_is_used);
async fn the_valid_one_of_several_session_cookies_is_used(app: TestApp) {
    let good = app.signed_in_browser(ADA).await.session().unwrap();
    let mut left = app.signed_in_browser(EVE).await;
    let ended = left.session().unwrap();
    left.post("/api/sign-out", &[]).await;
    for stale in [ended.as_str(), "garbage", "", "%ff", "AAAAAAAAAAAAAAAAAAAAAA"] {
        for pair in [[stale, &good], [&good, stale]] {
            let line = pair.map(|it| format!("portcullis={it}"));
            let lines = [line.join("; ").into_bytes()];
            assert_eq!(status(&app, "/dashboard", &lines).await, 200, "{pair:?}");
            let lines = line.map(String::into_bytes);
            assert_eq!(status(&app, "/dashboard", &lines).await, 200, "{pair:?} in two lines");
        }
    }
    // Even among many stale ones, whether unquoted as from a browser or quoted as from a proxy.
    let many = format!("portcullis={ended}; portcullis=garbage; ").repeat(7);
    for ours in [format!("portcullis={good}"), format!("portcullis=\"{good}\"")] {
        for line in [format!("{many}{ours}"), format!("{ours}; {many}")] {
            assert_eq!(
                status(&app, "/dashboard", &[line.clone().into_bytes()]).await,
                200,
                "{line}"
            );
        }
    }
    let line = format!("portcullis={ended}; portcullis=garbage").into_bytes();
    assert_eq!(status(&app, "/dashboard", &[line]).await, 303, "neither lives");
}

on_both!(a_new_session_works_beside_a_stale_cookie);
async fn a_new_session_works_beside_a_stale_cookie(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let mut browser = app.browser();
    // A cookie for a path of another program, so the browser sends it before ours.
    browser.cookies.insert("other".to_owned(), "1; portcullis=stale".to_owned());
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
    assert!(browser.is_signed_in().await);
    browser.post("/api/sign-out", &[]).await;
    assert_eq!(browser.session(), None);
    assert!(!browser.is_signed_in().await);
}

on_both!(a_stale_duplicate_of_any_cookie_does_not_hide_the_genuine_one);
async fn a_stale_duplicate_of_any_cookie_does_not_hide_the_genuine_one(site: Social) {
    const STALE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let app = &site.app;
    let names =
        ["flash", "authorization", "appearance", "method", "ticket", "browser", "mail", "callback"];
    let stale: Vec<_> = names.map(|it| format!("portcullis-{it}={STALE}")).into();
    for is_last in [false, true] {
        let mut browser = app.browser();
        let name = if is_last { "zzz" } else { "aaa" };
        browser.cookies.insert(name.to_owned(), format!("1; {}", stale.join("; ")));
        // The flash.
        let page = browser.try_sign_in(ADA, "not the password").await;
        assert!(page.shows("That email and password don't match."), "{}", page.text());
        // A sign-in begun at a provider.
        let person = ProviderUser::named("ada").with_email(ADA, true);
        site.sign_in(&mut browser, "idp", &person).await;
        assert_eq!(browser.at, "/dashboard");
        // The appearance.
        browser.post("/api/profile/appearance", &[("appearance", "dark")]).await;
        assert!(browser.visit("/dashboard").await.text().contains("data-appearance=\"dark\""));
        browser.post("/api/sign-out", &[]).await;
        // The method used last.
        assert!(browser.visit("/sign-in").await.shows("Last used"));
        // A sign-in by mail, and a mailed link.
        app.mails().await;
        browser.post("/api/sign-in/mail", &[("email", ADA)]).await;
        let mail = app.mail().await;
        let page = browser.visit(&mail.link()).await;
        assert!(page.shows("Sign in") && page.shows(ADA), "{}", page.text());
        browser.post_form("/api/sign-in/link", &[]).await;
        assert_eq!(browser.at, "/dashboard");
        app.run("DELETE FROM limits").await;
    }
}

const SIGN_IN: &str = "/api/sign-in/password";
const NEEDED: &str = "Your browser blocks cookies for this site";

/// The fields that the page's form sends.
const FORM: [(&str, &str); 4] = [
    ("email", ADA),
    ("password", PASSWORD),
    ("next", "/dashboard/activity?before=1"),
    ("needs_cookies", "on"),
];

on_both!(a_browser_without_cookies_is_told_that_it_needs_them);
async fn a_browser_without_cookies_is_told_that_it_needs_them(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let page = app.browser().visit("/sign-in").await;
    assert_eq!(page.value_of("needs_cookies").as_deref(), Some("on"));
    for password in [PASSWORD, "not the password"] {
        let mut fields = FORM;
        fields[1].1 = password;
        let mut browser = app.browser();
        browser.at = "/sign-in".to_owned();
        let to = browser.post(SIGN_IN, &fields).await.location().unwrap();
        let told = app.browser().get(&to).await;
        assert_eq!((told.status.as_u16(), told.shows(NEEDED)), (400, true), "{}", told.text());
        app.clock.advance(61);
        assert!(!app.browser().get(&to).await.shows(NEEDED), "a minute later");
    }
    assert!(!app.browser().get("/dashboard?cookies=forged").await.shows(NEEDED));
}

on_both!(v5_0_0__1_2_2__a_cookie_check_mark_redirects_only_to_the_url_it_was_made_for);
async fn v5_0_0__1_2_2__a_cookie_check_mark_redirects_only_to_the_url_it_was_made_for(
    app: TestApp,
) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut stranger = app.browser();
    stranger.at = "/sign-in".to_owned();
    let to = stranger.post(SIGN_IN, &FORM).await.location().unwrap();
    assert_eq!(browser.get(&to).await.location().as_deref(), Some(FORM[2].1));
    let (_, mark) = to.rsplit_once("cookies=").unwrap();
    for path in ["//evil.example/", "/\\evil.example/", "/dashboard/profile"] {
        let answer = browser.get(&format!("{path}?cookies={mark}")).await;
        assert_eq!(answer.location(), None, "{path}");
    }
}

on_both!(a_browser_with_cookies_passes_the_cookie_check);
async fn a_browser_with_cookies_passes_the_cookie_check(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let mut browser = app.browser();
    browser.at = "/sign-in".to_owned();
    let page = browser.post_form(SIGN_IN, &[FORM[0], ("password", "x"), FORM[3]]).await;
    assert_eq!(browser.at, "/sign-in");
    assert!(page.shows("That email and password don't match."), "{}", page.text());
    let mut browser = app.browser();
    browser.post_form(SIGN_IN, &FORM).await;
    assert_eq!(browser.at, FORM[2].1);
    // This browser is now known to keep cookies.
    let answer = browser.post(SIGN_IN, &FORM).await;
    assert_eq!(answer.location().as_deref(), Some(FORM[2].1));
    let answer = browser.call(SIGN_IN, &FORM).await;
    assert_eq!(answer.json()["go"], FORM[2].1);
}

/// Asserts that this URL tells a browser without cookies that it needs them, and for a minute only.
async fn assert_cookies_needed(app: &TestApp, to: &str) {
    let told = app.browser().get(to).await;
    assert_eq!((told.status.as_u16(), told.shows(NEEDED)), (400, true), "{to}: {}", told.text());
    app.clock.advance(61);
    assert!(!app.browser().get(to).await.shows(NEEDED), "{to}, a minute later");
}

on_both!(every_sign_in_sign_up_and_recovery_flow_reports_missing_cookies);
async fn every_sign_in_sign_up_and_recovery_flow_reports_missing_cookies(site: Social) {
    let app = &site.app;
    app.browser().sign_up(ADA).await;
    for (page, action, fields) in [
        ("/sign-up", "/api/sign-up", [("email", EVE), ("password", "short")]),
        ("/sign-up", "/api/sign-up", [("email", EVE), ("password", PASSWORD)]),
        ("/recovery", "/api/recovery/ask", [("email", ADA), ("password", "")]),
        ("/sign-in-code", "/api/sign-in/code", [("code", "123456"), ("password", "")]),
        ("/sign-in-code", "/api/sign-in/mail/again", [("x", "1"), ("password", "")]),
    ] {
        let shown = app.browser().visit(page).await;
        assert_eq!(shown.value_of("needs_cookies").as_deref(), Some("on"), "{page}");
        let fields = [&fields[..], &[("needs_cookies", "on")]].concat();
        let mut browser = app.browser();
        browser.at = page.to_owned();
        let to = browser.post(action, &fields).await.location().unwrap();
        assert_cookies_needed(app, &to).await;
    }
    // By mail.
    let page = app.browser().visit("/sign-in-by-mail").await;
    assert_eq!(page.value_of("needs_cookies").as_deref(), Some("on"));
    let fields = [("email", ADA), ("needs_cookies", "on")];
    let to = app.browser().post("/api/sign-in/mail", &fields).await.location().unwrap();
    assert_cookies_needed(app, &to).await;
    // At a provider, from which the browser returns without any cookie.
    let authorize = app.browser().start_sign_in_at("idp").await;
    let callback = site.idp.consent(&authorize, &ProviderUser::named("1"));
    let to = app.browser().get(&callback).await.location().unwrap();
    assert_cookies_needed(app, &to).await;
    // By a link.
    let link = app.mails().await.pop().unwrap().link();
    let to = app.browser().get(&link).await.location().unwrap();
    assert_cookies_needed(app, &to).await;
    let mut browser = app.browser();
    browser.visit(&link).await;
    assert_eq!(browser.at, "/ticket", "one that keeps them goes on");
    assert_eq!(browser.get(&link).await.location().as_deref(), Some("/ticket"));
    app.browser().visit("/tickets/x").await;
    let to = app.browser().get("/tickets/x").await.location();
    assert_eq!(to.as_deref(), Some("/ticket"), "it would be given none");
}
