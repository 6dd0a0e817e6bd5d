//! Signing in with a second factor.

use axum::http::StatusCode;
use portcullis::args;
use portcullis::server::feature::{AccessRule, Audience};
use portcullis::site::FEATURES;
use serde_json::json;

use crate::support::factor::Authenticator;
use crate::support::features::{ADMIN_PAGES, PERMISSIONS};
use crate::support::{
    ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, ProviderUser, Social, TestApp,
};

const PAGE: &str = "/sign-in/second-factor";
const CODE: &str = "/api/sign-in/second-factor/code";
const RECOVERY: &str = "/api/sign-in/second-factor/recovery-code";
const EXPIRED: &str = "This sign-in took too long or was replaced by a newer one. Sign in again.";
const WRONG: &str = "This code is wrong or was already used. Wait for the next one and try again.";
const WRONG_RECOVERY: &str =
    "This recovery code is wrong or was already used. Check it or use another one.";

on_both!(v5_0_0__6_3_3__a_password_alone_does_not_open_an_account_with_a_second_factor);
async fn v5_0_0__6_3_3__a_password_alone_does_not_open_an_account_with_a_second_factor(
    site: TestApp,
) {
    let (_, app) = site.user_with_app(ADA).await;
    site.mails().await;
    let sessions = site.count_sessions().await;
    let mut browser = site.browser();
    browser.visit("/sign-in?next=/dashboard/sessions").await;
    let fields = [("email", ADA), ("password", PASSWORD), ("next", "/dashboard/sessions")];
    let page = browser.post_form("/api/sign-in/password", &fields).await;
    assert_eq!((browser.at.as_str(), page.status.as_u16()), (PAGE, 200));
    assert!(page.shows("You are signing in as"), "{}", page.text());
    assert!(page.shows("You have no recovery codes."), "{}", page.text());
    assert_eq!(site.count_sessions().await, sessions, "no session before the second factor");
    assert!(!browser.is_signed_in().await);

    let attempt = page.value_of("attempt").unwrap();
    for (typed, problem) in [
        ("", "Enter the code that your app shows."),
        ("12345", "Enter the six digits that your app shows."),
        ("abcdef", "Enter the six digits that your app shows."),
    ] {
        let page = browser.post_form(CODE, &[("attempt", &attempt), ("app_code", typed)]).await;
        assert_eq!(
            (browser.at.as_str(), page.problem_at("app_code").as_deref()),
            (PAGE, Some(problem))
        );
    }
    let wrong =
        format!("{:06}", (app.code(site.clock.now()).parse::<u32>().unwrap() + 1) % 1_000_000);
    let page = browser.post_form(CODE, &[("attempt", &attempt), ("app_code", &wrong)]).await;
    assert_eq!(page.problem_at("app_code").as_deref(), Some(WRONG));
    assert_eq!(page.value_of("app_code"), None, "a code is not shown again");

    let code = site.next_code(&app);
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let page = browser.post_form(CODE, &[("attempt", &attempt), ("app_code", &spaced)]).await;
    assert_eq!((browser.at.as_str(), page.status.as_u16()), ("/dashboard/sessions", 200));
    assert!(page.shows("Signed in with password, authenticator app"), "{}", page.text());
    assert_eq!(
        site.text("SELECT about FROM audit_events WHERE kind = 'sign_in_refused'").await,
        "authenticator app"
    );
    assert_eq!(
        site.text(
            "SELECT about FROM audit_events WHERE kind = 'signed_in' ORDER BY id DESC LIMIT 1"
        )
        .await,
        "password, authenticator app"
    );
    assert_eq!(site.number("SELECT COUNT(*) FROM password_failures").await, 0);
}

on_both!(v5_0_0__6_5_1__an_authenticator_code_works_once_under_a_race);
async fn v5_0_0__6_5_1__an_authenticator_code_works_once_under_a_race(site: TestApp) {
    let (_, app) = site.user_with_app(ADA).await;
    let mut pending = Vec::new();
    for _ in 0..4 {
        pending.push(site.pending_browser(ADA).await);
    }
    let code = site.next_code(&app);
    let tries: Vec<_> = (0..64)
        .map(|n| {
            let ((mut browser, attempt), code) = (pending[n % 4].clone(), code.clone());
            tokio::spawn(async move { browser.enter_app_code(&attempt, &code).await.status })
        })
        .collect();
    let mut successes = 0;
    for it in tries {
        let status = it.await.unwrap();
        successes += usize::from(status == StatusCode::OK);
    }
    assert_eq!(successes, 1);
    assert_eq!(site.count_sessions().await, 2, "the first one, and one of the 64");
}

on_both!(v5_0_0__6_5_1__a_code_is_refused_after_a_later_one_and_after_its_time);
async fn v5_0_0__6_5_1__a_code_is_refused_after_a_later_one_and_after_its_time(site: TestApp) {
    let (_, app) = site.user_with_app(ADA).await;
    let first = site.next_code(&app);
    let second = site.next_code(&app);
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    assert_eq!(browser.enter_app_code(&attempt, &second).await.status, 200);
    // Within the drift, and not used; but a later one was.
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    for code in [&first, &second] {
        assert_eq!(browser.enter_app_code(&attempt, code).await.status, 422);
    }
    let stale = site.next_code(&app);
    site.clock.advance(60);
    assert_eq!(browser.enter_app_code(&attempt, &stale).await.status, 422, "two steps old");
    let (eve, _) = site.user_with_app(EVE).await;
    drop(eve);
    let (mut other, others) = site.pending_browser(EVE).await;
    let code = site.next_code(&app);
    assert_eq!(other.enter_app_code(&others, &code).await.status, 422, "another user's");
    assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 200);
}

on_both!(v5_0_0__2_3_1__steps_can_not_be_skipped_repeated_or_mixed);
async fn v5_0_0__2_3_1__steps_can_not_be_skipped_repeated_or_mixed(site: TestApp) {
    let (_, app) = site.user_with_app(ADA).await;
    let (_, eves) = site.user_with_app(EVE).await;
    // Without an attempt, and from another browser.
    let (_, attempt) = site.pending_browser(ADA).await;
    let mut stranger = site.browser();
    let page = stranger.visit(PAGE).await;
    assert_eq!((stranger.at.as_str(), page.status.as_u16()), ("/sign-in", 200));
    assert!(page.shows(EXPIRED), "{}", page.text());
    let code = site.next_code(&app);
    let answer = stranger.enter_app_code(&attempt, &code).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("second_factor_expired")));
    stranger.at = PAGE.to_owned();
    let page = stranger.post_form(CODE, &[("attempt", &attempt), ("app_code", &code)]).await;
    assert_eq!(stranger.at, "/sign-in");
    assert!(page.shows(EXPIRED), "{}", page.text());

    // A second tab signs in as another user: the first tab's form does nothing.
    let (mut browser, first) = site.pending_browser(ADA).await;
    browser.try_sign_in(EVE, PASSWORD).await;
    let second = browser.attempt().await;
    assert_ne!(first, second);
    for (attempt, code) in [(&first, site.next_code(&app)), (&first, site.next_code(&eves))] {
        assert_eq!(browser.enter_app_code(attempt, &code).await.status, 409);
    }
    let code = site.next_code(&app);
    assert_eq!(browser.enter_app_code(&second, &code).await.status, 422, "not Eve's");
    let code = site.next_code(&eves);
    let mut twin = browser.clone();
    assert_eq!(browser.enter_app_code(&second, &code).await.status, 200);
    assert_eq!(browser.call("/api/viewer", &[]).await.json()["email"], EVE);
    // Completed: neither the cookie nor the attempt works again.
    let code = site.next_code(&eves);
    assert_eq!(twin.enter_app_code(&second, &code).await.status, 409);
    assert_eq!(browser.enter_app_code(&second, &code).await.status, 409);

    let (mut late, attempt) = site.pending_browser(ADA).await;
    site.clock.advance(601);
    let code = site.next_code(&app);
    assert_eq!(late.enter_app_code(&attempt, &code).await.status, 409, "after ten minutes");
    assert!(late.visit(PAGE).await.shows(EXPIRED));

    // All sessions were ended since the password was checked: codes do not even count, and no mail is sent.
    site.mark_verified(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    site.mails().await;
    site.run("UPDATE users SET session_epoch = session_epoch + 1").await;
    for code in ["123456".to_owned(), site.next_code(&app)] {
        assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 409);
    }
    let counted = "SELECT COUNT(*) FROM password_failures WHERE failures > 0";
    assert_eq!(site.number(counted).await, 0);
    let lost = browser.call("/api/sign-in/second-factor/lost", &[("attempt", &attempt)]).await;
    assert_eq!((lost.status.as_u16(), lost.json()), (409, json!("second_factor_expired")));
    assert!(site.mails().await.is_empty());
    assert!(!browser.is_signed_in().await);
}

on_both!(v5_0_0__6_6_2__an_attempt_that_waits_for_something_else_is_no_pending_sign_in);
async fn v5_0_0__6_6_2__an_attempt_that_waits_for_something_else_is_no_pending_sign_in(
    engine: Engine,
) {
    let settings = "[second_factor]\nrequire = \"everyone\"\ngrace = \"2h\"\n";
    let site = Social::with_settings(engine, settings).await;
    let app = &site.app;
    // A stranger requests a mail to Ada, and a session thief starts a confirmation at a provider.
    app.browser().sign_up(ADA).await;
    let mut stranger = app.browser();
    stranger.call("/api/sign-in/mail", &[("email", ADA)]).await;
    app.mails().await;
    let user = ProviderUser::named("eve").with_email(EVE, true);
    let mut thief = site.signed_in_browser("idp", &user).await;
    thief.start_at_provider("/api/reauthentication/provider", "idp").await;
    let before = app.comparable_rows().await;
    for browser in [&mut stranger, &mut thief] {
        for key in browser.cookies.clone().into_values() {
            let mut other = app.browser();
            other.cookies.insert("portcullis-attempt".to_owned(), key);
            let answer = other.call("/api/sign-in/second-factor", &[]).await;
            assert_eq!(answer.json(), json!("second_factor_expired"));
            for attempt in attempts(app).await {
                let answer = other.enter_app_code(&attempt, "123456").await;
                assert_eq!(answer.json(), json!("second_factor_expired"));
                let fields = [("attempt", attempt.as_str()), ("app_code", "123456")];
                for path in ["set-up", "set-up-passkey", "set-up-passkey/begin"] {
                    let path = format!("/api/sign-in/second-factor/{path}");
                    let answer = other.call(&path, &fields).await;
                    assert_eq!(answer.json(), json!("second_factor_expired"));
                }
            }
        }
    }
    assert_eq!(app.comparable_rows().await, before);
}

async fn attempts(app: &TestApp) -> Vec<String> {
    let sql = "SELECT id FROM sign_in_attempts";
    let rows: Vec<(String,)> = app.app.db.fetch_all(sql, args![]).await.unwrap();
    rows.into_iter().map(|it| it.0).collect()
}

on_both!(v5_0_0__7_2_4__a_pending_sign_in_gets_the_same_responses_as_a_visitor);
async fn v5_0_0__7_2_4__a_pending_sign_in_gets_the_same_responses_as_a_visitor(site: TestApp) {
    let (_, _app) = site.user_with_app(ADA).await;
    site.assign_role(ADA, "administrator").await;
    let (mut pending, _) = site.pending_browser(ADA).await;
    let mut stranger = site.browser();
    let mut compared = 0;
    for (path, access) in PERMISSIONS.iter().filter(|it| it.1 != AccessRule::Anyone) {
        let [mine, theirs] = [pending.call(path, &[]).await, stranger.call(path, &[]).await];
        assert_eq!((mine.status.as_u16(), &mine.body), (401, &theirs.body), "{path} {access:?}");
        compared += 1;
    }
    assert!(compared > 50, "{compared}");
    let of_users = FEATURES.pages().filter(|it| matches!(it.audience, Audience::Users(_)));
    let paths: Vec<_> =
        of_users.map(|it| it.path).chain(ADMIN_PAGES.iter().map(|it| it.0)).collect();
    assert!(paths.contains(&"/dashboard/add-passkey") && paths.len() > 15, "{paths:?}");
    for path in paths {
        let [mine, theirs] = [pending.get(path).await, stranger.get(path).await];
        assert_eq!(mine.status, 303, "{path}");
        assert_eq!(mine.location(), theirs.location(), "{path}");
    }
    for path in ["/api/export", "/api/admin/audit/export"] {
        assert_eq!(pending.call(path, &[]).await.status, 401, "{path}");
    }
}

on_both!(v5_0_0__6_3_4__every_way_to_sign_in_asks_for_the_second_factor);
async fn v5_0_0__6_3_4__every_way_to_sign_in_asks_for_the_second_factor(engine: Engine) {
    let site = Social::with_settings(engine, "[sign_in]\nby_mail = \"on\"\n").await;
    let ada = ProviderUser::named("ada").with_email(ADA, true);
    let mut browser = site.signed_in_browser("idp", &ada).await;
    let app = browser.add_app(&site.app, "Phone").await;
    let email = site.app.text("SELECT email FROM users").await;
    site.app.mails().await;

    let mut by_provider = site.app.browser();
    site.sign_in(&mut by_provider, "idp", &ada).await;
    assert_eq!(by_provider.at, PAGE);

    let mut by_mail = site.app.browser();
    by_mail.call("/api/sign-in/mail", &[("email", &email)]).await;
    let mail = site.app.mail().await;
    let code = mail.text.split("Your sign-in code: ").nth(1).unwrap()[..6].to_owned();
    let answer = by_mail.call("/api/sign-in/code", &[("code", &code)]).await;
    assert_eq!(answer.json()["go"], PAGE);

    // A reset password is a first factor too.
    let mut by_reset = site.app.browser();
    by_reset.call("/api/recovery/ask", &[("email", &email)]).await;
    let link = site.app.mail().await.link();
    by_reset.visit(&link).await;
    let fields = [("new_password", OTHER_PASSWORD)];
    let answer = by_reset.call("/api/recovery/finish", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    by_reset.try_sign_in(&email, OTHER_PASSWORD).await;
    assert_eq!(by_reset.at, PAGE);

    for browser in [&mut by_provider, &mut by_mail, &mut by_reset] {
        assert!(!browser.is_signed_in().await);
    }
    let attempt = by_reset.attempt().await;
    let code = site.app.next_code(&app);
    assert_eq!(by_reset.enter_app_code(&attempt, &code).await.status, 200);
    assert!(by_reset.is_signed_in().await);
}

on_both!(v5_0_0__6_3_1__wrong_codes_delay_and_lock_only_the_codes);
async fn v5_0_0__6_3_1__wrong_codes_delay_and_lock_only_the_codes(engine: Engine) {
    let settings = "[password]\nfree_failures = 2\nmax_failures = 4\nmax_delay = \"8s\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    let (mut owner, app) = site.user_with_app(ADA).await;
    let codes = owner.create_recovery_codes().await;
    site.mails().await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let wrong = |n: i64| {
        let right = app.code(site.clock.now()).parse::<i64>().unwrap();
        format!("{:06}", (right + n) % 1_000_000)
    };
    for n in 1..=3 {
        assert_eq!(browser.enter_app_code(&attempt, &wrong(n)).await.status, 422, "{n}");
    }
    assert_eq!(browser.enter_app_code(&attempt, &wrong(4)).await.status, 429, "delayed");
    // The owner is told that someone has the password.
    assert_eq!(site.mail().await.subject, "Wrong codes for your account");
    // More attempts from other browsers do not help.
    let (mut other, others) = site.pending_browser(ADA).await;
    assert_eq!(other.enter_app_code(&others, &wrong(4)).await.status, 429);
    site.clock.advance(10);
    assert_eq!(browser.enter_app_code(&attempt, &wrong(4)).await.status, 422);
    assert_eq!(site.mail().await.subject, "Wrong codes for your account", "and of the lock");
    assert_eq!(
        site.number("SELECT COUNT(*) FROM audit_events WHERE kind = 'codes_locked'").await,
        1
    );
    site.clock.advance(60);
    let code = site.next_code(&app);
    let answer = browser.enter_app_code(&attempt, &code).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("second_factor_locked")));
    // The password is not locked, and a recovery code opens the account and unlocks the codes.
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let answer = browser.enter_recovery_code(&attempt, &codes[0]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(&app);
    assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 200);
}

on_both!(v5_0_0__6_5_1__a_recovery_code_works_once_under_a_race);
async fn v5_0_0__6_5_1__a_recovery_code_works_once_under_a_race(site: TestApp) {
    let (mut owner, _) = site.user_with_app(ADA).await;
    let codes = owner.create_recovery_codes().await;
    site.mails().await;
    let mut pending = Vec::new();
    for _ in 0..4 {
        pending.push(site.pending_browser(ADA).await);
    }
    let tries: Vec<_> = (0..64)
        .map(|n| {
            let ((mut browser, attempt), code) = (pending[n % 4].clone(), codes[3].clone());
            tokio::spawn(async move { browser.enter_recovery_code(&attempt, &code).await.status })
        })
        .collect();
    let mut successes = 0;
    for it in tries {
        successes += usize::from(it.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(successes, 1);
    assert_eq!(site.count_sessions().await, 2);
    let used = "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NOT NULL";
    assert_eq!(site.number(used).await, 1);
    let mails = site.mails().await;
    let mail = mails.iter().find(|it| it.subject == "A recovery code was used").unwrap();
    assert!(mail.text.contains("Unused codes: 9."), "{}", mail.text);
}

on_both!(each_recovery_code_works_once_and_a_new_set_replaces_the_old);
async fn each_recovery_code_works_once_and_a_new_set_replaces_the_old(site: TestApp) {
    let (mut owner, app) = site.user_with_app(ADA).await;
    let codes = owner.create_recovery_codes().await;
    assert_eq!(codes.len(), 10);
    let rows = site.all_rows().await.join("\n");
    for code in &codes {
        assert!(!rows.contains(code.as_str()) && !rows.contains(&code.replace('-', "")));
    }
    for (n, code) in codes.iter().enumerate() {
        let (mut browser, attempt) = site.pending_browser(ADA).await;
        // As someone types it from paper.
        let typed = code.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
        let fields = [("attempt", attempt.as_str()), ("recovery_code", &typed)];
        let page = browser.post_form(RECOVERY, &fields).await;
        let left = 9 - n;
        let expected = if left <= 3 { "/dashboard/recovery-codes" } else { "/dashboard" };
        assert_eq!((browser.at.as_str(), page.status.as_u16()), (expected, 200), "{left} left");
        assert_eq!(page.shows("You signed in with one of your last recovery codes."), left <= 3);
        let page = browser.visit("/dashboard/security").await;
        let state = match left {
            0 => "No unused codes. Create new ones.".to_owned(),
            1 => "1 unused code.".to_owned(),
            n => format!("{n} unused codes."),
        };
        assert!(page.shows(&state), "{state}: {}", page.text());
        assert_eq!(page.shows("You have few unused recovery codes."), left <= 3);
    }
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    for (typed, problem) in [
        ("", "Enter a recovery code."),
        ("012345", "Enter all 24 letters and digits of the recovery code."),
    ] {
        let answer = browser.enter_recovery_code(&attempt, typed).await;
        assert!(answer.text().contains("invalid"), "{problem}: {}", answer.text());
    }
    let page = browser.visit(PAGE).await;
    assert!(page.shows("You have no recovery codes."), "{}", page.text());
    let (mut by_app, waiting) = site.pending_browser(ADA).await;
    let code = site.next_code(&app);
    let page = by_app.post_form(CODE, &[("attempt", &waiting), ("app_code", &code)]).await;
    assert_eq!(by_app.at, "/dashboard/recovery-codes", "every sign-in leads there");
    assert!(page.shows("You have used all recovery codes."), "{}", page.text());
    let renewed = owner.create_recovery_codes().await;
    assert!(renewed.iter().all(|it| !codes.contains(it)));
    let fields = [("attempt", attempt.as_str()), ("recovery_code", &codes[9])];
    let page = browser.post_form(RECOVERY, &fields).await;
    assert_eq!(page.problem_at("recovery_code").as_deref(), Some(WRONG_RECOVERY));
    assert_eq!(browser.enter_recovery_code(&attempt, &renewed[0]).await.status, 200);
}

on_both!(v5_0_0__7_5_1__a_user_with_a_second_factor_confirms_only_with_it);
async fn v5_0_0__7_5_1__a_user_with_a_second_factor_confirms_only_with_it(site: TestApp) {
    let mut other = site.signed_in_browser(ADA).await;
    let mut browser = site.browser();
    browser.sign_in(ADA).await;
    let app = browser.add_app(&site, "Phone").await;
    // The other session is as young, but proved no second factor.
    let answer = other.call("/api/recovery-codes/offer", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("reauthenticate")));
    let answer =
        other.call("/api/reauthentication/password", &[("current_password", PASSWORD)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("second_factor_needed")));
    assert_eq!(other.call("/api/recovery-codes/offer", &[]).await.status, 403);

    let page = other.visit("/dashboard/recovery-codes").await;
    assert_eq!(other.at, "/reauthenticate?next=/dashboard/recovery-codes");
    assert_eq!(page.value_of("current_password"), None);
    let code = site.next_code(&app);
    let next = "/dashboard/recovery-codes";
    let page =
        other.post_form("/api/reauthentication/code", &[("app_code", &code), ("next", next)]).await;
    assert_eq!((other.at.as_str(), page.status.as_u16()), (next, 200));
    assert!(page.shows("New recovery codes"), "{}", page.text());
    let codes = other.create_recovery_codes().await;
    // The current password alone changes nothing either.
    let mut by_password = site.browser();
    by_password.cookies = browser.cookies.clone();
    site.run("UPDATE sessions SET second_factor_at = 1").await;
    let change = [("current_password", PASSWORD), ("new_password", OTHER_PASSWORD)];
    let answer = by_password.call("/api/password/change", &change).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("reauthenticate")));
    // The same code does not confirm in the first session, and a wrong one counts.
    site.clock.advance(700);
    let answer = browser.call("/api/reauthentication/code", &[("app_code", &code)]).await;
    assert_eq!(answer.status, 422);
    let fields = [("recovery_code", codes[0].as_str()), ("next", "/dashboard/security")];
    browser.at = "/reauthenticate".to_owned();
    browser.post_form("/api/reauthentication/recovery-code", &fields).await;
    assert_eq!(browser.at, "/dashboard/security");
    assert_eq!(browser.call("/api/recovery-codes/offer", &[]).await.status, 200);
    let refused = "SELECT COUNT(*) FROM audit_events WHERE kind = 'reauthentication_refused'";
    assert_eq!(site.number(refused).await, 2);
}

/// Signs Ada in with the code and the box ticked.
async fn sign_in_and_trust(site: &TestApp, app: &Authenticator) -> Browser {
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(app);
    let fields = [("attempt", attempt.as_str()), ("app_code", &code), ("trust", "on")];
    browser.at = PAGE.to_owned();
    browser.post_form(CODE, &fields).await;
    assert_eq!(browser.at, "/dashboard");
    browser
}

on_both!(v5_0_0__6_3_3__a_trusted_browser_needs_no_second_factor_until_the_trust_ends);
async fn v5_0_0__6_3_3__a_trusted_browser_needs_no_second_factor_until_the_trust_ends(
    site: TestApp,
) {
    let (_, app) = site.user_with_app(ADA).await;
    let mut browser = sign_in_and_trust(&site, &app).await;
    let page = browser.visit("/dashboard/sessions").await;
    assert!(page.shows("Trusted browsers") && page.shows("Firefox"), "{}", page.text());
    browser.post_form("/api/sign-out", &[]).await;
    browser.sign_in(ADA).await;
    // The session proved no second factor, so risky actions ask for one.
    assert_eq!(
        browser.call("/api/recovery-codes/offer", &[]).await.json(),
        json!("reauthenticate")
    );
    // The trust is for this user in this browser only.
    site.pending_browser(ADA).await;
    site.user_with_app(EVE).await;
    browser.post_form("/api/sign-out", &[]).await;
    browser.try_sign_in(EVE, PASSWORD).await;
    assert_eq!(browser.at, PAGE);

    browser.sign_in(ADA).await;
    let id = site.text("SELECT id FROM trusted_browsers").await;
    let page = browser.post_form("/api/trusted-browsers/revoke", &[("id", &id)]).await;
    assert!(page.shows("This browser is no longer trusted."), "{}", page.text());
    browser.post_form("/api/sign-out", &[]).await;
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, PAGE);
    let mut late = sign_in_and_trust(&site, &app).await;
    site.clock.advance(30 * 86400 + 1);
    late.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(late.at, PAGE, "after thirty days");
    let kinds =
        "SELECT COUNT(*) FROM audit_events WHERE kind IN ('browser_trusted', 'trust_revoked')";
    assert_eq!(site.number(kinds).await, 3);
}

on_both!(v5_0_0__7_4_3__trust_ends_with_a_change_of_the_password_or_the_factors);
async fn v5_0_0__7_4_3__trust_ends_with_a_change_of_the_password_or_the_factors(site: TestApp) {
    let (mut owner, app) = site.user_with_app(ADA).await;
    for change in ["password", "app", "others", "all"] {
        sign_in_and_trust(&site, &app).await;
        assert_eq!(site.number("SELECT COUNT(*) FROM trusted_browsers").await, 1, "{change}");
        let (path, fields): (_, &[(&str, &str)]) = match change {
            "password" => (
                "/api/password/change",
                &[("current_password", PASSWORD), ("new_password", PASSWORD)],
            ),
            "others" => ("/api/sessions/end-others", &[]),
            "all" => ("/api/trusted-browsers/revoke-all", &[]),
            _ => {
                owner.add_app(&site, "Second").await;
                ("/api/viewer", &[])
            }
        };
        let answer = owner.call(path, fields).await;
        assert_eq!(answer.status, 200, "{change}: {}", answer.text());
        assert_eq!(site.number("SELECT COUNT(*) FROM trusted_browsers").await, 0, "{change}");
    }
}

on_both!(the_security_page_counts_the_trusted_browsers);
async fn the_security_page_counts_the_trusted_browsers(site: TestApp) {
    const NONE: &str = "No trusted browsers. If you trust a browser when you sign in, it needs no \
                        second factor for 30 days.";
    const MANAGE: &str = "Manage trusted browsers";
    let (mut owner, app) = site.user_with_app(ADA).await;
    let page = owner.visit("/dashboard/security").await;
    assert!(page.shows(NONE) && !page.shows(MANAGE), "{}", page.text());
    for expected in ["1 trusted browser. In it,", "2 trusted browsers. In them,"] {
        sign_in_and_trust(&site, &app).await;
        let page = owner.visit("/dashboard/security").await;
        assert!(page.shows(expected) && page.shows(MANAGE), "{expected}: {}", page.text());
    }
    // Another user's browsers don't count, nor do those trusted before the clock was set back.
    let (mut eve, _) = site.user_with_app(EVE).await;
    assert!(eve.visit("/dashboard/security").await.shows(NONE));
    site.run("UPDATE trusted_browsers SET expires_at = expires_at + 86400 * 365").await;
    assert!(owner.visit("/dashboard/security").await.shows(NONE));
    assert!(!owner.visit("/dashboard/sessions").await.shows("Trusted browsers"));
}

on_both!(a_site_can_trust_no_browser);
async fn a_site_can_trust_no_browser(engine: Engine) {
    let site = TestApp::with_settings(engine, "[second_factor]\ntrust = \"none\"\n").await;
    let (_, app) = site.user_with_app(ADA).await;
    let (mut browser, _) = site.pending_browser(ADA).await;
    assert!(!browser.visit(PAGE).await.shows("Trust this browser"));
    let mut browser = sign_in_and_trust(&site, &app).await;
    assert_eq!(site.number("SELECT COUNT(*) FROM trusted_browsers").await, 0);
    assert!(!browser.visit("/dashboard/security").await.shows("rusted browser"));
}

const MAIL: &str = "/api/sign-in/second-factor/mail";
const MAILED_CODE: &str = "/api/sign-in/second-factor/mailed-code";

on_both!(v5_0_0__6_6_2__a_mailed_code_replaces_the_second_factor_of_its_own_sign_in);
async fn v5_0_0__6_6_2__a_mailed_code_replaces_the_second_factor_of_its_own_sign_in(
    engine: Engine,
) {
    let settings = "[second_factor]\nby_mail = \"on\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    site.user_with_app(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let answer = browser.call(MAIL, &[("attempt", &attempt)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("no_mailed_code")));
    site.mark_verified(ADA).await;
    site.mails().await;
    browser.at = PAGE.to_owned();
    let page = browser.post_form(MAIL, &[("attempt", &attempt)]).await;
    assert!(page.shows("We sent a code to your email address."), "{}", page.text());
    assert!(page.shows("Code from the email"), "{}", page.text());
    let first = mailed_code(&site).await;
    browser.call(MAIL, &[("attempt", &attempt)]).await;
    let code = mailed_code(&site).await;
    assert!(!site.all_rows().await.join("\n").contains(&code), "only its seal was kept");

    // Not in another sign-in of the same user, and not an older code.
    let (mut other, others) = site.pending_browser(ADA).await;
    let fields = [("attempt", others.as_str()), ("code", &code)];
    assert_eq!(other.call(MAILED_CODE, &fields).await.status, 422);
    let fields = [("attempt", attempt.as_str()), ("code", &first)];
    let page = browser.post_form(MAILED_CODE, &fields).await;
    let wrong = "This is not the code from the latest email.";
    assert_eq!(page.problem_at("code").as_deref(), Some(wrong));
    let fields = [("attempt", attempt.as_str()), ("code", &code)];
    let mut twin = browser.clone();
    browser.post_form(MAILED_CODE, &fields).await;
    assert_eq!(browser.at, "/dashboard");
    assert_eq!(twin.call(MAILED_CODE, &fields).await.status, 409, "it works once");

    // A sign-in by mail has proven the mailbox already.
    site.mails().await;
    let mut by_mail = site.browser();
    by_mail.call("/api/sign-in/mail", &[("email", ADA)]).await;
    let mail = site.mail().await;
    let code = mail.text.split("Your sign-in code: ").nth(1).unwrap()[..6].to_owned();
    by_mail.call("/api/sign-in/code", &[("code", &code)]).await;
    let attempt = by_mail.attempt().await;
    assert_eq!(by_mail.call(MAIL, &[("attempt", &attempt)]).await.status, 409);
    assert!(!by_mail.visit(PAGE).await.shows("Email me a code"));
}

async fn mailed_code(site: &TestApp) -> String {
    let mail = site.mail().await;
    assert!(mail.subject.starts_with("Your second factor code is "), "{}", mail.subject);
    mail.subject[mail.subject.len() - 6..].to_owned()
}

on_both!(v5_0_0__6_3_6__no_code_is_mailed_unless_the_site_allows_it);
async fn v5_0_0__6_3_6__no_code_is_mailed_unless_the_site_allows_it(site: TestApp) {
    site.user_with_app(ADA).await;
    site.mark_verified(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    assert!(!browser.visit(PAGE).await.shows("Email me a code"));
    assert_eq!(browser.call(MAIL, &[("attempt", &attempt)]).await.status, 409);
}
