//! Limits on strangers with a password list or a thousand IP addresses.

use std::net::SocketAddr;

use serde_json::json;

use crate::support::{
    ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, Social, TestApp, TestResponse,
};

const SIGN_IN: &str = "/api/sign-in/password";
const SIGN_UP: &str = "/api/sign-up";

async fn guess(browser: &mut Browser, email: &str) -> TestResponse {
    browser.call(SIGN_IN, &[("email", email), ("password", OTHER_PASSWORD)]).await
}

/// Returns the seconds until the next try is allowed. Asserts that header and body agree on it.
fn retry_after(answer: &TestResponse) -> i64 {
    assert_eq!(answer.status, 429, "{}", answer.text());
    let seconds = answer.header("retry-after").parse().unwrap();
    assert_eq!(answer.json(), json!({"too_many_attempts": {"retry_after": seconds}}));
    seconds
}

on_both!(v5_0_0__6_3_1__each_failure_makes_the_next_wait_longer);
async fn v5_0_0__6_3_1__each_failure_makes_the_next_wait_longer(app: TestApp) {
    app.browser().sign_up(ADA).await;
    // An email address without an account waits like one with an account.
    for email in [ADA, EVE] {
        let mut browser = app.browser();
        for _ in 0..6 {
            assert_eq!(guess(&mut browser, email).await.status, 401);
        }
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            // From any IP address.
            let mut elsewhere = app.browser();
            elsewhere.address = ([198, 51, 100, 9], 50000).into();
            assert_eq!(retry_after(&guess(&mut elsewhere, email).await), expected, "{email}");
            app.clock.advance(expected);
            assert_eq!(guess(&mut browser, email).await.status, 401, "{email}");
        }
    }
    // The right password must wait too, and the page says how long.
    let page = app.browser().try_sign_in(EVE, PASSWORD).await;
    assert_eq!(page.status, 429);
    assert!(page.shows("Too many attempts. Try again in 15 minutes."), "{}", page.text());
}

on_both!(v5_0_0__6_3_1__concurrent_guesses_do_not_bypass_the_limit);
async fn v5_0_0__6_3_1__concurrent_guesses_do_not_bypass_the_limit(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let before = app.app.hasher.verifications();
    let guesses: Vec<_> = (0..64_u8)
        .map(|n| {
            let mut browser = app.browser();
            browser.address = ([10, 0, 0, n], 50000).into();
            tokio::spawn(async move { guess(&mut browser, ADA).await.status.as_u16() })
        })
        .collect();
    let mut checked = 0;
    for guess in guesses {
        let status = guess.await.unwrap();
        assert!(matches!(status, 401 | 429 | 503), "{status}");
        checked += usize::from(status == 401);
    }
    assert!(checked <= 6, "{checked}");
    assert!(app.app.hasher.verifications() - before <= 6);
}

on_both!(v5_0_0__6_1_1__a_browser_known_to_the_account_is_not_delayed);
async fn v5_0_0__6_1_1__a_browser_known_to_the_account_is_not_delayed(app: TestApp) {
    let mut owner = app.signed_in_browser(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    let mut thief = app.browser();
    for _ in 0..6 {
        guess(&mut thief, ADA).await;
    }
    retry_after(&guess(&mut thief, ADA).await);
    // A browser known to one account waits at another; signing in to its own resets nothing (allauth 65.8.1).
    retry_after(&guess(&mut eve, ADA).await);
    eve.sign_in(EVE).await;
    retry_after(&guess(&mut eve, ADA).await);
    owner.call("/api/sign-out", &[]).await;
    owner.sign_in(ADA).await;
    // That sign-in cleared the account's failures.
    assert_eq!(guess(&mut thief, ADA).await.status, 401);
}

on_both!(nist_3_2_2__a_hundred_failures_lock_the_password_and_nothing_else);
async fn nist_3_2_2__a_hundred_failures_lock_the_password_and_nothing_else(
    site: crate::support::Social,
) {
    let app = &site.app;
    let ada = crate::support::ProviderUser::named("ada").with_email(ADA, true);
    let mut owner = site.signed_in_browser("idp", &ada).await;
    let set = [("current_password", ""), ("new_password", PASSWORD)];
    assert_eq!(owner.call("/api/password/change", &set).await.status, 200);
    app.mails().await;
    let mut thief = app.browser();
    for _ in 0..100 {
        assert_eq!(guess(&mut thief, ADA).await.status, 401);
        assert_eq!(guess(&mut thief, EVE).await.status, 401);
        app.clock.advance(900);
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 1, "the owner is told, once");
    assert_eq!(mails[0].subject, "Your password is locked");
    for (browser, email) in
        [(&mut thief, ADA), (&mut app.browser(), EVE), (&mut owner.clone(), ADA)]
    {
        let answer = browser.call(SIGN_IN, &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("password_locked")));
    }
    let page = app.browser().try_sign_in(ADA, PASSWORD).await;
    assert!(page.shows("Password sign-in is locked for this email address."), "{}", page.text());
    // Other sign-in methods still work, and a new password ends the lock.
    site.signed_in_browser("idp", &ada).await;
    app.mails().await;
    let mut browser = app.browser();
    browser.call("/api/recovery/ask", &[("email", ADA)]).await;
    browser.get(&app.mail().await.link()).await;
    let chosen = [("new_password", OTHER_PASSWORD)];
    assert_eq!(browser.call("/api/recovery/finish", &chosen).await.status, 200);
    browser.try_sign_in(ADA, OTHER_PASSWORD).await;
    assert_eq!(browser.at, "/dashboard/security?review=yes", "the linked account signs in too");
}

on_both!(v5_0_0__6_3_1__each_ipv4_address_and_each_ipv6_network_has_its_own_limit);
async fn v5_0_0__6_3_1__each_ipv4_address_and_each_ipv6_network_has_its_own_limit(engine: Engine) {
    let app = TestApp::with_settings(engine, "[limit]\nsign_in_address = \"10/10m\"\n").await;
    for places in [
        ["192.0.2.7:1", "192.0.2.7:2", "[::ffff:192.0.2.7]:3"],
        ["[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff::2]:1", "[2001:db8:1:2:3:4:5:6]:1"],
    ] {
        let places: [SocketAddr; 3] = places.map(|it| it.parse().unwrap());
        let mut browser = app.browser();
        for n in 0..10 {
            browser.address = places[n % 3];
            let email = format!("user{n}@example.com");
            assert_eq!(guess(&mut browser, &email).await.status, 401);
        }
        browser.address = places[0];
        assert_eq!(retry_after(&guess(&mut browser, "another@example.com").await), 60);
        // Other networks are not limited.
        let mut other = app.browser();
        other.address = "[2001:db8:1:3::1]:1".parse().unwrap();
        assert_eq!(guess(&mut other, "one@example.com").await.status, 401);
        app.clock.advance(60);
        assert_eq!(guess(&mut browser, "another@example.com").await.status, 401);
        app.clock.advance(3600);
    }
}

on_both!(v5_0_0__2_4_1__limits_survive_a_restart_and_are_shared_between_processes);
async fn v5_0_0__2_4_1__limits_survive_a_restart_and_are_shared_between_processes(app: TestApp) {
    let mut browser = app.browser();
    for n in 0..5 {
        let fields = [("email", ADA), ("password", PASSWORD)];
        assert_eq!(browser.call(SIGN_UP, &fields).await.status, 200, "{n}");
    }
    let again = app.reopen("").await;
    let mut there = app.browser().with_app(&again);
    retry_after(&there.call(SIGN_UP, &[("email", ADA), ("password", PASSWORD)]).await);
    assert_eq!(app.count_users().await, 1);
}

on_both!(v5_0_0__2_4_1__provider_sign_ins_are_rate_limited);
async fn v5_0_0__2_4_1__provider_sign_ins_are_rate_limited(engine: Engine) {
    let site = Social::with_settings(engine, "[limit]\nsign_in_address = \"2/1h\"\n").await;
    let fields = [("provider", "idp")];
    for expected in [200, 200, 429] {
        let answer = site.app.browser().call("/api/sign-in/social", &fields).await;
        assert_eq!(answer.status, expected);
    }
    assert_eq!(site.app.number("SELECT COUNT(*) FROM authorization_requests").await, 2);
}

on_both!(v5_0_0__2_4_1__sign_ups_and_recoveries_have_an_overall_limit);
async fn v5_0_0__2_4_1__sign_ups_and_recoveries_have_an_overall_limit(engine: Engine) {
    let settings = "[limit]\nsign_up_overall = \"3/1h\"\nrecovery_overall = \"3/1h\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    for action in [SIGN_UP, "/api/recovery/ask"] {
        for n in 0..4_u8 {
            let mut browser = app.browser();
            browser.address = ([10, 0, 0, n], 1).into();
            let email = format!("user{n}@example.com");
            let answer = browser.call(action, &[("email", &email), ("password", PASSWORD)]).await;
            assert_eq!(answer.status, if n < 3 { 200 } else { 429 }, "{action} {n}");
        }
    }
}

on_both!(requested_mails_are_rate_limited);
async fn requested_mails_are_rate_limited(engine: Engine) {
    // The recipient's own limit would drop the last mail.
    let app = TestApp::with_settings(engine, "[limit]\nmail_recipient = \"none\"\n").await;
    let mut browser = app.signed_in_browser(ADA).await;
    for action in ["/api/verification/resend", "/api/recovery/ask"] {
        for n in 0..6 {
            let answer = browser.call(action, &[("email", ADA)]).await;
            assert_eq!(answer.status, if n < 5 { 200 } else { 429 }, "{action} {n}");
        }
    }
    assert_eq!(app.mails().await.len(), 11);
}

on_both!(setting_the_clock_back_does_not_lock_users_out);
async fn setting_the_clock_back_does_not_lock_users_out(app: TestApp) {
    app.clock.advance(365 * 86400);
    let mut browser = app.browser();
    for n in 0..6 {
        guess(&mut browser, ADA).await;
        browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
        assert!(n < 6);
    }
    app.clock.advance(-365 * 86400);
    assert_eq!(guess(&mut browser, ADA).await.status, 401);
    assert_eq!(browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await.status, 200);
    // A clock that is set back does not raise the limit either.
    let answer = browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
    assert_eq!(retry_after(&answer), 720);
}

on_both!(v5_0_0__4_1_3__a_forwarded_header_from_an_untrusted_peer_is_ignored);
async fn v5_0_0__4_1_3__a_forwarded_header_from_an_untrusted_peer_is_ignored(engine: Engine) {
    let settings = "[limit]\nsign_in_address = \"2/10m\"\n[http]\ntrusted_proxies = \"10.0.0.1\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    for (peer, is_trusted_proxy) in [([192, 0, 2, 7], false), ([10, 0, 0, 1], true)] {
        let mut statuses = Vec::new();
        for n in 0..3 {
            let mut browser = app.browser();
            browser.address = (peer, 1).into();
            let email = format!("user{n}@example.com");
            let fields = [("email", email.as_str()), ("password", PASSWORD)];
            let mut request = browser.request(SIGN_IN, &fields);
            let forwarded = format!("198.51.100.{n}").parse().unwrap();
            request.headers_mut().insert("x-forwarded-for", forwarded);
            statuses.push(browser.send(request).await.status.as_u16());
        }
        assert_eq!(statuses, if is_trusted_proxy { [401, 401, 401] } else { [401, 401, 429] });
    }
}

on_both!(v5_0_0__2_3_1__sign_up_is_restricted_by_the_sign_up_mode);
async fn v5_0_0__2_3_1__sign_up_is_restricted_by_the_sign_up_mode(engine: Engine) {
    let app = TestApp::start(engine).await;
    let try_at = async |settings: &str, email: &str| {
        let site = app.reopen(settings).await;
        let mut browser = app.browser().with_app(&site);
        let answer = browser.call(SIGN_UP, &[("email", email), ("password", PASSWORD)]).await;
        (answer.status.as_u16(), answer.json())
    };
    let closed = try_at("[sign_up]\nmode = \"closed\"\n", ADA).await;
    assert_eq!(closed, (403, json!("sign_up_closed")));
    let invited = try_at("[sign_up]\nmode = \"invited\"\n", ADA).await;
    assert_eq!(invited, (403, json!("invitation_needed")));
    let domains = "[sign_up]\nmode = \"domains\"\ndomains = \"Example.com example.org\"\n";
    let other = try_at(domains, "ada@sub.example.com").await;
    assert_eq!(other, (422, json!({"invalid": {"email": "other_domain"}})));
    assert_eq!(app.count_users().await, 0);
    assert_eq!(try_at(domains, "ada@EXAMPLE.com").await.0, 200);
    assert_eq!(app.count_users().await, 1);
}

on_both!(v5_0_0__6_4_1__an_invitation_is_valid_only_for_the_invited_email);
async fn v5_0_0__6_4_1__an_invitation_is_valid_only_for_the_invited_email(engine: Engine) {
    let app = TestApp::with_settings(engine, "[sign_up]\nmode = \"invited\"\n").await;
    let email = ADA.parse().unwrap();
    let by = portcullis::role::server::Principal::operator();
    portcullis::sign_up::server::invite(&app.app, &by, &email, None).await.unwrap();
    let link = app.mail().await.link();
    let mut browser = app.browser();
    let page = browser.visit(&link).await;
    assert!(page.shows("You are invited") && page.shows(ADA), "{}", page.text());
    let fields = |email| [("email", email), ("password", PASSWORD)];
    assert_eq!(browser.call(SIGN_UP, &fields(EVE)).await.status, 403);
    assert_eq!(browser.call(SIGN_UP, &fields(ADA)).await.status, 200);
    assert!(app.mails().await.is_empty(), "the invitation has proven the address");
    browser.sign_in(ADA).await;
    let mut again = app.browser();
    again.get(&link).await;
    assert_eq!(again.call(SIGN_UP, &fields("third@example.com")).await.status, 403);
}
