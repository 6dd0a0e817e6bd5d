//! Adding and removing second factors, and the policy that requires them.

use portcullis::admin::server::manage;
use portcullis::args;
use portcullis::backup::rotate;
use portcullis::role::server::Principal;
use portcullis::server::jobs::run_sweeps;
use portcullis::site::router;
use portcullis::ticket::server::issue_set_up;
use portcullis::user::server::UserId;
use serde_json::json;

use crate::support::app::Folder;
use crate::support::factor::Authenticator;
use crate::support::process::{err, out, run};
use crate::support::{ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp};

const OFFER: &str = "/api/authenticator-apps/offer";
const ADD: &str = "/api/authenticator-apps/add";
const REMOVE: &str = "/api/authenticator-apps/remove";
const PAGE: &str = "/sign-in/second-factor";

async fn only_app(site: &TestApp) -> String {
    site.text("SELECT id FROM authenticator_apps WHERE removed_at IS NULL").await
}

async fn remove(browser: &mut Browser, id: &str) -> u16 {
    browser.call(REMOVE, &[("id", id)]).await.status.as_u16()
}

async fn count_apps(site: &TestApp) -> i64 {
    site.number("SELECT COUNT(*) FROM authenticator_apps WHERE removed_at IS NULL").await
}

on_both!(an_app_is_added_without_scripts_and_the_key_survives_a_wrong_code);
async fn an_app_is_added_without_scripts_and_the_key_survives_a_wrong_code(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    site.mails().await;
    let page = browser.visit("/dashboard/security").await;
    assert!(page.shows("Add a passkey. Then a stolen password"), "{}", page.text());
    let page = browser.visit("/dashboard/add-authenticator-app").await;
    let html = String::from_utf8(page.body.clone()).unwrap();
    let key = html.split("<code class=\"shared-key\">").nth(1).unwrap().split('<').next().unwrap();
    assert!(html.contains("class=\"qr\"") && html.contains("otpauth://totp/"), "{html}");
    assert_eq!(count_apps(&site).await, 0, "nothing is stored before a code proves that it works");
    let (token, app) = (page.value_of("token").unwrap(), Authenticator { key: key.to_owned() });

    let fields = [("token", token.as_str()), ("app_name", "Ada’s phone"), ("app_code", "000000")];
    let page = browser.post_form(ADD, &fields).await;
    assert!(page.problem_at("app_code").unwrap().starts_with("This code is wrong"));
    assert_eq!(page.value_of("token"), Some(token.clone()), "the key stays");
    assert_eq!(page.value_of("app_name").as_deref(), Some("Ada’s phone"));
    assert!(String::from_utf8(page.body).unwrap().contains(&app.key), "and so does its text");

    let code = app.code(site.clock.now());
    let fields = [("token", token.as_str()), ("app_name", "Ada’s phone"), ("app_code", &code)];
    let mut twin = browser.clone();
    let page = browser.post_form(ADD, &fields).await;
    assert_eq!((browser.at.as_str(), page.status.as_u16()), ("/dashboard/recovery-codes", 200));
    assert!(page.shows("Authenticator app added."), "{}", page.text());
    assert_eq!(twin.call(ADD, &fields).await.status, 401, "the session has a new id");
    assert_eq!(browser.call(ADD, &fields).await.status, 409, "a form adds one app");
    assert_eq!(count_apps(&site).await, 1);
    let mail = site.mail().await;
    assert_eq!(mail.subject, "Second factor added");
    assert!(mail.text.contains("Ada’s phone"), "{}", mail.text);
    let rows = site.all_rows().await.join("\n");
    assert!(!rows.contains(&app.key.replace(' ', "")), "the key is encrypted");
    // The code that set it up does not sign in.
    let (mut pending, attempt) = site.pending_browser(ADA).await;
    assert_eq!(pending.enter_app_code(&attempt, &code).await.status, 422);

    let page = browser.visit("/dashboard/security").await;
    assert!(page.shows("Ada’s phone") && page.shows("Create recovery codes."), "{}", page.text());
}

on_both!(an_offered_key_is_refused_for_another_user_and_after_half_an_hour);
async fn an_offered_key_is_refused_for_another_user_and_after_half_an_hour(site: TestApp) {
    let (mut ada, mut eve) = (site.signed_in_browser(ADA).await, site.signed_in_browser(EVE).await);
    let offer = ada.call(OFFER, &[]).await.json();
    let (token, key) = (offer["token"].as_str().unwrap(), offer["key"].as_str().unwrap());
    let app = Authenticator { key: key.to_owned() };
    let code = app.code(site.clock.now());
    for token in [token, "", "x"] {
        let answer = eve.call(ADD, &[("token", token), ("app_code", &code)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("set_up_expired")));
    }
    let eves = eve.call(OFFER, &[("token", token)]).await.json();
    assert_ne!(eves["key"].as_str(), Some(key), "the token is Ada's");
    for (name, field) in [("a\u{1}b", "app_name"), (&"x".repeat(81), "app_name")] {
        let fields = [("token", token), ("app_name", name), ("app_code", &code)];
        let answer = ada.call(ADD, &fields).await;
        assert!(answer.json()["invalid"][field].is_string(), "{}", answer.text());
    }
    site.clock.advance(1801);
    let fields = [("current_password", PASSWORD)];
    ada.call("/api/reauthentication/password", &fields).await;
    let code = app.code(site.clock.now());
    assert_eq!(ada.call(ADD, &[("token", token), ("app_code", &code)]).await.status, 409);
    assert_eq!(count_apps(&site).await, 0);
}

on_both!(an_app_over_the_limit_is_refused_and_the_others_work);
async fn an_app_over_the_limit_is_refused_and_the_others_work(engine: Engine) {
    let site = TestApp::with_settings(engine, "[totp]\nmost_per_user = 2\n").await;
    let mut browser = site.signed_in_browser(ADA).await;
    let apps = [browser.add_app(&site, "One").await, browser.add_app(&site, "Two").await];
    let offer = browser.call(OFFER, &[]).await.json();
    let third = Authenticator { key: offer["key"].as_str().unwrap().to_owned() };
    let code = third.code(site.clock.now());
    let fields = [("token", offer["token"].as_str().unwrap()), ("app_code", &code)];
    assert_eq!(browser.call(ADD, &fields).await.status, 409);
    for app in apps {
        let code = site.next_code(&app);
        let (mut pending, attempt) = site.pending_browser(ADA).await;
        assert_eq!(pending.enter_app_code(&attempt, &code).await.status, 200);
    }
}

on_both!(v5_0_0__6_5_6__a_removed_app_stops_working_and_its_notice_restores_it);
async fn v5_0_0__6_5_6__a_removed_app_stops_working_and_its_notice_restores_it(site: TestApp) {
    let (mut browser, app) = site.user_with_app(ADA).await;
    // Otherwise the reset below would remove all that was set up before.
    site.mark_verified(ADA).await;
    let codes = browser.create_recovery_codes().await;
    let (mut other, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(&app);
    other.enter_app_code(&attempt, &code).await;
    assert!(other.is_signed_in().await);
    site.mails().await;

    let id = only_app(&site).await;
    let fields = [("id", id.as_str()), ("end_others", "on")];
    browser.at = "/dashboard/security".to_owned();
    let page = browser.post_form(REMOVE, &fields).await;
    assert!(page.shows("Authenticator app removed."), "{}", page.text());
    assert!(!other.is_signed_in().await, "the other session ended");
    let mut third = site.browser();
    third.sign_in(ADA).await;
    let answer = browser.call(REMOVE, &fields).await;
    assert_eq!(answer.status, 200, "it is gone already");
    assert!(!third.is_signed_in().await, "and the other sessions end all the same");
    let mails = site.mails().await;
    let mail = mails.iter().find(|it| it.subject == "Second factor removed").unwrap();
    // The password is enough again, and the recovery codes went with the last factor.
    let mut again = site.browser();
    again.sign_in(ADA).await;
    assert!(again.visit("/dashboard/security").await.shows("No authenticator apps."));

    // It was not me: the thief's changes are undone.
    let mut owner = site.browser();
    owner.visit(&mail.not_me()).await;
    let answer = owner.call("/api/recovery/not-me", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!again.is_signed_in().await);
    assert_eq!(count_apps(&site).await, 1);
    let left = "SELECT COUNT(*) FROM recovery_codes WHERE removed_at IS NULL AND used_at IS NULL";
    assert_eq!(site.number(left).await, 10);
    reset_password(&site).await;
    let (mut pending, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(&app);
    assert_eq!(pending.enter_app_code(&attempt, &code).await.status, 200);
    let (mut pending, attempt) = site.pending_browser(ADA).await;
    assert_eq!(pending.enter_recovery_code(&attempt, &codes[0]).await.status, 200);
}

/// Resets Ada's password to the same one, by the newest mail that allows it.
async fn reset_password(site: &TestApp) {
    let mails = site.mails().await;
    let mail = mails.iter().rev().find(|it| it.subject.contains("eset your password")).unwrap();
    let mut browser = site.browser();
    browser.visit(&mail.link()).await;
    let answer = browser.call("/api/recovery/finish", &[("new_password", PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(v5_0_0__6_3_7__the_notice_of_a_new_factor_removes_it_and_its_recovery_codes);
async fn v5_0_0__6_3_7__the_notice_of_a_new_factor_removes_it_and_its_recovery_codes(
    site: TestApp,
) {
    let (mut thief, _) = site.user_with_app(ADA).await;
    thief.create_recovery_codes().await;
    let mails = site.mails().await;
    let subjects: Vec<_> = mails.iter().map(|it| it.subject.as_str()).collect();
    assert!(subjects.contains(&"Second factor added"), "{subjects:?}");
    assert!(subjects.contains(&"New recovery codes"), "{subjects:?}");
    let mail = mails.iter().find(|it| it.subject == "Second factor added").unwrap();
    let mut owner = site.browser();
    owner.visit(&mail.not_me()).await;
    assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
    assert_eq!(site.number("SELECT COUNT(*) FROM authenticator_apps").await, 0);
    assert_eq!(site.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
    reset_password(&site).await;
    site.browser().sign_in(ADA).await;
}

on_both!(a_removed_factor_is_kept_for_as_long_as_a_notice_works);
async fn a_removed_factor_is_kept_for_as_long_as_a_notice_works(site: TestApp) {
    let (mut browser, _) = site.user_with_app(ADA).await;
    browser.create_recovery_codes().await;
    assert_eq!(remove(&mut browser, &only_app(&site).await).await, 200);
    for (days, rows) in [(6, 11), (2, 0)] {
        site.clock.advance(days * 86400);
        assert!(run_sweeps(&site.app).await);
        let count = "SELECT (SELECT COUNT(*) FROM authenticator_apps)
            + (SELECT COUNT(*) FROM recovery_codes)";
        assert_eq!(site.number(count).await, rows);
    }
}

on_both!(a_planted_factor_is_removed_when_the_owner_verifies_the_email_address);
async fn a_planted_factor_is_removed_when_the_owner_verifies_the_email_address(site: TestApp) {
    let (mut thief, _) = site.user_with_app(ADA).await;
    thief.create_recovery_codes().await;
    site.mails().await;
    let mut owner = site.browser();
    owner.call("/api/recovery/ask", &[("email", ADA)]).await;
    let mails = site.mails().await;
    owner.visit(&mails.last().unwrap().link()).await;
    owner.call("/api/recovery/finish", &[("new_password", PASSWORD)]).await;
    assert_eq!(site.number("SELECT COUNT(*) FROM authenticator_apps").await, 0);
    assert_eq!(site.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
    owner.sign_in(ADA).await;
}

on_both!(v5_0_0__6_3_3__a_required_factor_is_set_up_before_the_first_session);
async fn v5_0_0__6_3_3__a_required_factor_is_set_up_before_the_first_session(engine: Engine) {
    let settings = "[second_factor]\nrequire = \"everyone\"\ngrace = \"none\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    let mut browser = site.browser();
    browser.sign_up(ADA).await;
    let page = browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, PAGE);
    assert!(page.shows("This site requires a second factor."), "{}", page.text());
    assert_eq!(site.count_sessions().await, 0);
    // Neither a code nor a recovery code helps a user who has no factor.
    let attempt = page.value_of("attempt").unwrap();
    assert_eq!(browser.enter_app_code(&attempt, "123456").await.status, 422);

    let html = String::from_utf8(page.body.clone()).unwrap();
    let key = html.split("<code class=\"shared-key\">").nth(1).unwrap().split('<').next().unwrap();
    let (token, app) = (page.value_of("token").unwrap(), Authenticator { key: key.to_owned() });
    let set_up = "/api/sign-in/second-factor/set-up";
    let fields = [("attempt", attempt.as_str()), ("token", &token), ("app_code", "000000")];
    let page = browser.post_form(set_up, &fields).await;
    assert_eq!((browser.at.as_str(), page.value_of("token")), (PAGE, Some(token.clone())));
    let code = app.code(site.clock.now());
    let fields = [("attempt", attempt.as_str()), ("token", &token), ("app_code", &code)];
    let page = browser.post_form(set_up, &fields).await;
    assert_eq!((browser.at.as_str(), page.status.as_u16()), ("/dashboard/recovery-codes", 200));
    assert!(browser.is_signed_in().await);
    // The last factor stays.
    let id = only_app(&site).await;
    let answer = browser.call(REMOVE, &[("id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("last_second_factor")));
    let second = browser.add_app(&site, "Second").await;
    assert_eq!(remove(&mut browser, &id).await, 200);
    let (mut pending, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(&second);
    assert_eq!(pending.enter_app_code(&attempt, &code).await.status, 200);
}

on_both!(a_factor_is_required_after_the_grace_period);
async fn a_factor_is_required_after_the_grace_period(engine: Engine) {
    let settings = "[second_factor]\nrequire = \"everyone\"\ngrace = \"2h\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    let mut browser = site.signed_in_browser(ADA).await;
    let page = browser.visit("/dashboard/security").await;
    assert!(page.shows("This site requires a second factor. Add a passkey by"));
    site.clock.advance(3600);
    let mut second = site.browser();
    second.sign_in(ADA).await;
    site.clock.advance(3600);
    // The period began with the first sign-in. A session of before counts for nothing.
    assert!(!browser.is_signed_in().await && !second.is_signed_in().await);
    let page = browser.visit("/dashboard").await;
    assert_eq!((browser.at.as_str(), page.status.as_u16()), ("/sign-in?next=/dashboard", 200));
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, PAGE);
    // Without the policy, the same session counts again.
    let app = site.reopen("").await;
    assert!(second.with_app(&app).is_signed_in().await);
}

on_both!(v5_0_0__6_3_3__a_proof_of_a_removed_factor_lets_no_session_skip_a_later_requirement);
async fn v5_0_0__6_3_3__a_proof_of_a_removed_factor_lets_no_session_skip_a_later_requirement(
    site: TestApp,
) {
    let (_, app) = site.user_with_app(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    browser.enter_app_code(&attempt, &site.next_code(&app)).await;
    let id = only_app(&site).await;
    assert_eq!(browser.call(REMOVE, &[("id", &id)]).await.status, 200);
    assert!(browser.is_signed_in().await);
    let app = site.reopen("[second_factor]\nrequire = \"everyone\"\ngrace = \"none\"\n").await;
    let mut other = Browser::new(router(&app), &app.config.site.origin());
    other.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(other.at, PAGE);
    assert!(!browser.with_app(&app).is_signed_in().await);
}

on_both!(a_factor_is_required_of_administrators_or_of_users_with_a_role);
async fn a_factor_is_required_of_administrators_or_of_users_with_a_role(site: TestApp) {
    site.browser().sign_up(ADA).await;
    site.browser().sign_up(EVE).await;
    site.role("support", &[]).await;
    site.assign_role(ADA, "administrator").await;
    site.assign_role(EVE, "support").await;
    for (policy, required) in [
        ("require = \"administrators\"", [true, false]),
        ("require = \"roles\"\nroles = \"billing support\"", [false, true]),
        ("require = \"none\"", [false, false]),
    ] {
        let settings = format!("[second_factor]\n{policy}\ngrace = \"none\"\n");
        let app = site.reopen(&settings).await;
        for (email, required) in [ADA, EVE].into_iter().zip(required) {
            let mut browser = Browser::new(router(&app), &app.config.site.origin());
            browser.try_sign_in(email, PASSWORD).await;
            let expected = if required { PAGE } else { "/dashboard" };
            assert_eq!(browser.at, expected, "{email} with {policy}");
        }
    }
}

on_both!(v5_0_0__6_5_5__with_drift_0_only_the_current_code_is_accepted);
async fn v5_0_0__6_5_5__with_drift_0_only_the_current_code_is_accepted(engine: Engine) {
    let site = TestApp::with_settings(engine, "[totp]\ndrift = 0\n").await;
    let (_, app) = site.user_with_app(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(&app);
    site.clock.advance(31);
    assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 422);
    let code = app.code(site.clock.now());
    assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 200);
}

on_both!(v5_0_0__13_3_4__rotating_the_key_encrypts_the_keys_of_apps_again);
async fn v5_0_0__13_3_4__rotating_the_key_encrypts_the_keys_of_apps_again(site: TestApp) {
    let (_, app) = site.user_with_app(ADA).await;
    site.user_with_app(EVE).await;
    let keys = "SELECT MIN(key_id) FROM authenticator_apps";
    let old = site.text(keys).await;
    rotate(&site.app).await.unwrap();
    assert_ne!(site.text(keys).await, old);
    assert_eq!(site.number("SELECT COUNT(DISTINCT key_id) FROM authenticator_apps").await, 1);
    let app_after = site.reopen("").await;
    let (browser, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(&app);
    let mut browser = browser.with_app(&app_after);
    assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 200);
}

on_both!(a_key_copied_to_another_row_signs_nobody_in);
async fn a_key_copied_to_another_row_signs_nobody_in(site: TestApp) {
    let (_, app) = site.user_with_app(ADA).await;
    let (_, eves) = site.user_with_app(EVE).await;
    let ada = site.id_of(ADA).await;
    // Someone who can write to the database gives Ada the key of Eve.
    let sql = "UPDATE authenticator_apps
        SET sealed = (SELECT o.sealed FROM authenticator_apps o WHERE o.user_id <> $1)
        WHERE user_id = $1";
    site.app.db.execute(sql, args![ada]).await.unwrap();
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    for it in [&app, &eves] {
        let code = site.next_code(it);
        assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 503);
    }
}

on_both!(an_administrator_removes_a_lost_factor_and_never_adds_one);
async fn an_administrator_removes_a_lost_factor_and_never_adds_one(site: TestApp) {
    let (mut user, _) = site.user_with_app(EVE).await;
    user.create_recovery_codes().await;
    let mut admin = site.administrator(ADA).await;
    let earlier = site.mails().await;
    let path = format!("/admin/user?id={}", site.id_of(EVE).await);
    let page = admin.visit(&path).await;
    assert!(page.shows("Second factors") && page.shows("Phone"), "{}", page.text());
    assert!(page.shows("Unused recovery codes: 10."), "{}", page.text());
    let id = only_app(&site).await;
    let answer = site.act_on_user(&mut admin, "remove-factor", EVE, &[("part", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!user.is_signed_in().await, "whoever has the lost factor is signed out");
    let mail = site.mail().await;
    assert_eq!(mail.subject, "An administrator removed a second factor");
    assert_eq!(
        site.text("SELECT about FROM audit_events WHERE kind = 'authenticator_app_removed'").await,
        "Phone"
    );
    user.sign_in(EVE).await;
    // An earlier notice does not restore the lost factor.
    let notice = earlier.iter().find(|it| it.subject == "New recovery codes").unwrap();
    let mut owner = site.browser();
    owner.visit(&notice.not_me()).await;
    assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
    assert_eq!(site.number("SELECT COUNT(*) FROM authenticator_apps").await, 0);
    assert_eq!(site.number("SELECT COUNT(*) FROM recovery_codes").await, 0);
    // A command does the same, and refuses another user's factor.
    let (_, _) = site.user_with_app("carol@example.com").await;
    let id = only_app(&site).await;
    let eve = UserId::from(site.id_of(EVE).await);
    manage::remove_factor(&site.app, &Principal::operator(), &eve, &id).await.unwrap();
    assert_eq!(count_apps(&site).await, 1);
}

const LOST: &str = "/api/sign-in/second-factor/lost";
const FINISH: &str = "/api/recovery/factors";

on_both!(v5_0_0__6_4_4__lost_factors_are_removed_by_a_mailed_link_after_the_waiting_period);
async fn v5_0_0__6_4_4__lost_factors_are_removed_by_a_mailed_link_after_the_waiting_period(
    site: TestApp,
) {
    let (mut owner, _) = site.user_with_app(ADA).await;
    owner.create_recovery_codes().await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    // An email address that is not verified may be a stranger's.
    let answer = browser.call(LOST, &[("attempt", &attempt)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("no_factor_recovery")));
    site.mark_verified(ADA).await;
    site.mails().await;
    let mut stranger = site.browser();
    assert_eq!(stranger.call(LOST, &[("attempt", &attempt)]).await.status, 409);
    browser.at = PAGE.to_owned();
    let page = browser.post_form(LOST, &[("attempt", &attempt)]).await;
    assert!(page.shows("We sent a link to your email address."), "{}", page.text());
    let mail = site.mail().await;
    assert_eq!(mail.subject, "Remove your second factors");
    let link = mail.link();
    let page = browser.visit(&link).await;
    assert!(page.shows("This link works from "), "{}", page.text());
    let early = browser.call(FINISH, &[]).await;
    assert_eq!((early.status.as_u16(), early.json()), (409, json!("too_early")));
    assert_eq!(count_apps(&site).await, 1);

    site.clock.advance(86400);
    let page = browser.visit(&link).await;
    assert!(page.shows("This removes all second factors and recovery codes"), "{}", page.text());
    let page = browser.post_form(FINISH, &[]).await;
    assert!(page.shows("Your second factors were removed"), "{}", page.text());
    assert_eq!(count_apps(&site).await, 0);
    assert!(!owner.is_signed_in().await);
    assert_eq!(site.mail().await.subject, "Second factor removed");
    assert_eq!(browser.call(FINISH, &[]).await.status, 410, "it works once");
    browser.sign_in(ADA).await;
}

on_both!(the_removal_of_lost_factors_is_stopped_by_its_mail_and_by_a_factor);
async fn the_removal_of_lost_factors_is_stopped_by_its_mail_and_by_a_factor(site: TestApp) {
    let (_, app) = site.user_with_app(ADA).await;
    site.mark_verified(ADA).await;
    for stop in ["factor", "mail"] {
        site.mails().await;
        let (mut thief, attempt) = site.pending_browser(ADA).await;
        assert_eq!(thief.call(LOST, &[("attempt", &attempt)]).await.status, 200);
        let mail = site.mail().await;
        if stop == "factor" {
            let (mut owner, attempt) = site.pending_browser(ADA).await;
            let code = site.next_code(&app);
            assert_eq!(owner.enter_app_code(&attempt, &code).await.status, 200);
        } else {
            let mut owner = site.browser();
            owner.visit(&mail.not_me()).await;
            assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
        }
        site.clock.advance(86401);
        thief.visit(&mail.link()).await;
        assert_eq!(thief.call(FINISH, &[]).await.status, 410, "{stop}");
        assert_eq!(count_apps(&site).await, 1);
    }
}

on_both!(a_factor_removed_by_an_administrator_must_be_replaced_where_one_is_required);
async fn a_factor_removed_by_an_administrator_must_be_replaced_where_one_is_required(
    engine: Engine,
) {
    let settings = "[second_factor]\nrequire = \"everyone\"\ngrace = \"2h\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    site.user_with_app(ADA).await;
    let (id, user) = (only_app(&site).await, UserId::from(site.id_of(ADA).await));
    manage::remove_factor(&site.app, &Principal::operator(), &user, &id).await.unwrap();
    let page = site.browser().try_sign_in(ADA, PASSWORD).await;
    assert!(page.shows("This site requires a second factor."), "{}", page.text());
}

on_both!(a_session_that_did_not_know_of_the_first_factor_is_not_fresh);
async fn a_session_that_did_not_know_of_the_first_factor_is_not_fresh(site: TestApp) {
    const ADD: &str = "INSERT INTO authenticator_apps
            (id, user_id, name, sealed, key_id, last_step, created_at, seq)
        SELECT 'new', id, 'Phone', '', '', 1, 1, 1 FROM users WHERE email_key = $1";
    let browser = site.signed_in_browser(ADA).await;
    let change = [("current_password", PASSWORD), ("new_password", OTHER_PASSWORD)];
    // The request has read the session, and waits for the lock while the owner adds a factor.
    let mut tx = site.app.db.begin().await.unwrap();
    tx.execute("UPDATE users SET updated_at = updated_at WHERE email_key = $1", args![ADA])
        .await
        .unwrap();
    tx.execute(ADD, args![ADA]).await.unwrap();
    let mut waiting = browser.clone();
    let answer = tokio::spawn(async move { waiting.call("/api/password/change", &change).await });
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    tx.commit().await.unwrap();
    let answer = answer.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("reauthenticate")));
    assert!(browser.clone().is_signed_in().await, "nothing was changed");
}

on_both!(a_set_of_recovery_codes_that_was_replaced_is_not_activated_again);
async fn a_set_of_recovery_codes_that_was_replaced_is_not_activated_again(site: TestApp) {
    let (mut browser, _) = site.user_with_app(ADA).await;
    let first = browser.call("/api/recovery-codes/offer", &[]).await.json();
    let first = first["token"].as_str().unwrap();
    let activate = "/api/recovery-codes/activate";
    for _ in 0..2 {
        assert_eq!(browser.call(activate, &[("token", first)]).await.status, 200, "again is fine");
    }
    browser.create_recovery_codes().await;
    let answer = browser.call(activate, &[("token", first)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("set_up_expired")));
    assert_eq!(browser.call(activate, &[("token", "x")]).await.status, 409);
}

on_both!(a_code_that_can_not_be_checked_does_not_count_as_wrong);
async fn a_code_that_can_not_be_checked_does_not_count_as_wrong(site: TestApp) {
    let (_, app) = site.user_with_app(ADA).await;
    // Sealed with a key that this server does not have.
    site.run("UPDATE authenticator_apps SET sealed = 'AAAA', key_id = 'other'").await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let code = site.next_code(&app);
    assert_eq!(browser.enter_app_code(&attempt, &code).await.status, 503);
    assert_eq!(site.number("SELECT COUNT(*) FROM password_failures WHERE failures > 0").await, 0);
}

on_both!(the_first_administrator_sets_up_a_required_factor);
async fn the_first_administrator_sets_up_a_required_factor(engine: Engine) {
    let settings = "[second_factor]\nrequire = \"administrators\"\ngrace = \"none\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    let mut tx = site.app.db.begin().await.unwrap();
    let issued = issue_set_up(&site.app, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let mut browser = site.browser();
    browser.visit(&issued.link[issued.link.find("/tickets/").unwrap()..]).await;
    browser.post_form("/api/set-up", &[("email", ADA), ("password", PASSWORD)]).await;
    assert_eq!(browser.at, PAGE);
}

#[test]
fn doctor_refuses_a_policy_that_names_an_unknown_role() {
    let folder = Folder::new();
    for arguments in [&["migrate"][..], &["user", "create", ADA, "--admin"]] {
        assert!(run(folder.path(), &[], arguments).status.success());
    }
    for (roles, code) in [("administrator", 0), ("administrator helpdesk", 3)] {
        let settings = [
            ("PORTCULLIS_SECOND_FACTOR__REQUIRE", "roles"),
            ("PORTCULLIS_SECOND_FACTOR__ROLES", roles),
        ];
        let checked = run(folder.path(), &settings, &["doctor"]);
        assert_eq!(checked.status.code(), Some(code), "{}", out(&checked));
        assert_eq!(out(&checked).contains("\"helpdesk\", and there is no such role"), code == 3);
    }
    for (roles, problem) in [("", "second_factor.roles"), ("Support", "second_factor.roles")] {
        let settings = [
            ("PORTCULLIS_SECOND_FACTOR__REQUIRE", "roles"),
            ("PORTCULLIS_SECOND_FACTOR__ROLES", roles),
        ];
        let checked = run(folder.path(), &settings, &["config", "check"]);
        assert!(err(&checked).contains(problem) && !checked.status.success(), "{}", err(&checked));
    }
}
