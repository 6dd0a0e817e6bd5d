//! Changes of second factors: what they need, what they end, and what they leave behind.

use portcullis::server::jobs;
use serde_json::json;

use crate::support::passkey::SoftPasskey;
use crate::support::{ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp, TestResponse};

const REMOVE_APP: &str = "/api/authenticator-apps/remove";
const REMOVE_PASSKEY: &str = "/api/passkeys/remove";
const OFFER_CODES: &str = "/api/recovery-codes/offer";
const CONFIRM_BY_CODE: &str = "/api/reauthentication/code";
const CONFIRM_BY_RECOVERY: &str = "/api/reauthentication/recovery-code";

impl Browser {
    /// Confirms the user's identity by a passkey.
    async fn confirm_with(&mut self, passkey: &mut SoftPasskey) -> TestResponse {
        let challenge = self.challenge("/api/reauthentication/passkey/begin", &[]).await;
        let response = passkey.assertion(&challenge);
        let credential = passkey.sign(&response);
        let fields = [("token", challenge.token.as_str()), ("credential", &credential)];
        self.call("/api/reauthentication/passkey", &fields).await
    }

    async fn is_confirmed(&mut self) -> bool {
        self.call(OFFER_CODES, &[]).await.status == 200
    }
}

async fn app_id(site: &TestApp) -> String {
    site.text("SELECT id FROM authenticator_apps WHERE removed_at IS NULL").await
}

async fn passkey_id(site: &TestApp) -> String {
    site.text("SELECT id FROM passkeys WHERE removed_at IS NULL").await
}

on_both!(v5_0_0__7_5_1__factors_are_changed_after_proof_of_the_strongest_factor_only);
async fn v5_0_0__7_5_1__factors_are_changed_after_proof_of_the_strongest_factor_only(
    site: TestApp,
) {
    let (mut owner, app) = site.user_with_app(ADA).await;
    let mut passkey = owner.add_passkey("Laptop").await;
    let codes = owner.create_recovery_codes().await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    browser.enter_app_code(&attempt, &site.next_code(&app)).await;
    assert!(browser.is_signed_in().await, "an app's code signs in");
    let (app_row, passkey_row) = (app_id(&site).await, passkey_id(&site).await);
    for (path, id) in [
        (REMOVE_PASSKEY, &passkey_row),
        (REMOVE_APP, &app_row),
        (OFFER_CODES, &app_row),
        ("/api/passkeys/begin", &app_row),
        ("/api/authenticator-apps/offer", &app_row),
    ] {
        let answer = browser.call(path, &[("id", id)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (403, json!("reauthenticate")),
            "{path}"
        );
    }
    // The page asks for the passkey, and for a recovery code in its place.
    let page = browser.visit("/reauthenticate?next=/dashboard/security").await;
    assert!(page.shows("Use a passkey") && page.shows("Recovery code"), "{}", page.text());
    assert_eq!(page.value_of("app_code"), None);
    site.clock.advance(60);
    let code = app.code(site.clock.now());
    let answer = browser.call(CONFIRM_BY_CODE, &[("app_code", &code)]).await;
    let refused = (403, json!("second_factor_not_accepted"));
    assert_eq!((answer.status.as_u16(), answer.json()), refused);
    assert!(!browser.is_confirmed().await);
    // Refused before it was used.
    let (mut other, attempt) = site.pending_browser(ADA).await;
    assert_eq!(other.enter_app_code(&attempt, &code).await.status, 200);

    assert_eq!(browser.confirm_with(&mut passkey).await.status, 200);
    assert!(browser.is_confirmed().await);
    let fields = [("recovery_code", codes[0].as_str())];
    assert_eq!(other.call(CONFIRM_BY_RECOVERY, &fields).await.status, 200);
    assert_eq!(other.call(REMOVE_PASSKEY, &[("id", &passkey_row)]).await.status, 200);
    // Now the app is the strongest.
    site.clock.advance(700);
    assert!(!other.is_confirmed().await);
    let answer = other.call(CONFIRM_BY_CODE, &[("app_code", &site.next_code(&app))]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(other.is_confirmed().await);
}

on_both!(v5_0_0__7_5_1__a_mailed_code_signs_in_and_confirms_nothing);
async fn v5_0_0__7_5_1__a_mailed_code_signs_in_and_confirms_nothing(engine: Engine) {
    let site = TestApp::with_settings(engine, "[second_factor]\nby_mail = \"on\"\n").await;
    site.user_with_app(ADA).await;
    site.mark_verified(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    site.mails().await;
    let mail = "/api/sign-in/second-factor/mail";
    assert_eq!(browser.call(mail, &[("attempt", &attempt)]).await.status, 200);
    let subject = site.mail().await.subject;
    let fields = [("attempt", attempt.as_str()), ("code", &subject[subject.len() - 6..])];
    let answer = browser.call("/api/sign-in/second-factor/mailed-code", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(browser.is_signed_in().await && !browser.is_confirmed().await);
}

on_both!(v5_0_0__6_4_3__only_a_recent_reset_and_no_mailed_code_replace_the_passkey);
async fn v5_0_0__6_4_3__only_a_recent_reset_and_no_mailed_code_replace_the_passkey(engine: Engine) {
    let site = TestApp::with_settings(engine, "[second_factor]\nby_mail = \"on\"\n").await;
    let (mut owner, app) = site.user_with_app(ADA).await;
    owner.add_passkey("Laptop").await;
    site.mark_verified(ADA).await;
    for (by_app, wait, is_confirmed) in [(true, 0, true), (false, 0, false), (true, 1801, false)] {
        site.mails().await;
        let mut browser = site.browser();
        browser.call("/api/recovery/ask", &[("email", ADA)]).await;
        browser.visit(&site.mail().await.link()).await;
        let fields = [("new_password", OTHER_PASSWORD)];
        assert_eq!(browser.call("/api/recovery/finish", &fields).await.status, 200);
        site.clock.advance(wait);
        browser.try_sign_in(ADA, OTHER_PASSWORD).await;
        let attempt = browser.attempt().await;
        let answer = if by_app {
            browser.enter_app_code(&attempt, &site.next_code(&app)).await
        } else {
            browser.call("/api/sign-in/second-factor/mail", &[("attempt", &attempt)]).await;
            let subject = site.mails().await.pop().unwrap().subject;
            let fields = [("attempt", attempt.as_str()), ("code", &subject[subject.len() - 6..])];
            browser.call("/api/sign-in/second-factor/mailed-code", &fields).await
        };
        let go = "/dashboard/security?review=yes";
        assert_eq!(answer.json()["go"], go, "{}", answer.text());
        assert_eq!(browser.is_confirmed().await, is_confirmed, "{by_app} {wait}");
    }
}

on_both!(v5_0_0__6_5_1__another_users_or_a_replaced_recovery_code_is_refused);
async fn v5_0_0__6_5_1__another_users_or_a_replaced_recovery_code_is_refused(site: TestApp) {
    let (mut ada, _) = site.user_with_app(ADA).await;
    let (mut eve, _) = site.user_with_app(EVE).await;
    let replaced = ada.create_recovery_codes().await;
    let own = ada.create_recovery_codes().await;
    let theirs = eve.create_recovery_codes().await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    for (code, status) in [(&replaced[0], 422), (&theirs[0], 422), (&own[0], 200)] {
        let answer = browser.enter_recovery_code(&attempt, code).await;
        assert_eq!(answer.status, status, "{code}: {}", answer.text());
    }
    let unused = "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL AND removed_at IS NULL";
    assert_eq!(site.number(unused).await, 19);
}

/// Trusts a browser that no sign-in could have trusted.
const TRUST: &str = "
    INSERT INTO trusted_browsers
        (id, user_id, browser_digest, address, browser, created_at, expires_at)
    SELECT 'trusted', id, 'browser', '', '', 1, 9999999999 FROM users";

on_both!(v5_0_0__7_4_3__every_change_of_a_factor_ends_trust);
async fn v5_0_0__7_4_3__every_change_of_a_factor_ends_trust(site: TestApp) {
    let mut owner = site.signed_in_browser(ADA).await;
    site.mark_verified(ADA).await;
    for change in
        ["add app", "add passkey", "enable passkey", "remove passkey", "remove app", "reset"]
    {
        site.run(TRUST).await;
        let answer = match change {
            "add app" => {
                owner.add_app(&site, "Phone").await;
                owner.call("/api/viewer", &[]).await
            }
            "add passkey" => {
                owner.add_passkey("Laptop").await;
                owner.call("/api/viewer", &[]).await
            }
            "enable passkey" => {
                site.run("UPDATE passkeys SET disabled_at = 1").await;
                let id = passkey_id(&site).await;
                owner.call("/api/passkeys/enable", &[("id", &id)]).await
            }
            "remove passkey" => {
                let id = passkey_id(&site).await;
                owner.call(REMOVE_PASSKEY, &[("id", &id)]).await
            }
            "remove app" => {
                let id = app_id(&site).await;
                owner.call(REMOVE_APP, &[("id", &id)]).await
            }
            _ => {
                site.mails().await;
                owner.call("/api/recovery/ask", &[("email", ADA)]).await;
                owner.visit(&site.mail().await.link()).await;
                let fields = [("new_password", OTHER_PASSWORD)];
                owner.call("/api/recovery/finish", &fields).await
            }
        };
        assert_eq!(answer.status, 200, "{change}: {}", answer.text());
        assert_eq!(site.number("SELECT COUNT(*) FROM trusted_browsers").await, 0, "{change}");
    }
}

on_both!(v5_0_0__7_4_3__a_change_of_factors_ends_the_other_sessions_if_asked_to);
async fn v5_0_0__7_4_3__a_change_of_factors_ends_the_other_sessions_if_asked_to(site: TestApp) {
    let mut other = site.signed_in_browser(ADA).await;
    let mut owner = site.browser();
    owner.sign_in(ADA).await;
    owner.add_passkey("Laptop").await;
    site.run("UPDATE passkeys SET disabled_at = 1").await;
    let id = passkey_id(&site).await;
    for (ends_others, left) in [(false, true), (true, false)] {
        let offer = owner.call(OFFER_CODES, &[]).await.json();
        let mut fields = vec![("token", offer["token"].as_str().unwrap())];
        let mut passkey = vec![("id", id.as_str())];
        if ends_others {
            fields.push(("end_others", "on"));
            passkey.push(("end_others", "on"));
        }
        let answer = owner.call("/api/recovery-codes/activate", &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(other.is_signed_in().await, left, "new recovery codes");
        other = site.browser();
        other.try_sign_in(ADA, PASSWORD).await;
        let attempt = other.attempt().await;
        other.enter_recovery_code(&attempt, offer["codes"][0].as_str().unwrap()).await;
        assert!(other.is_signed_in().await);
        let answer = owner.call("/api/passkeys/enable", &passkey).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(other.is_signed_in().await, left, "an enabled passkey");
    }
}

on_both!(v5_0_0__14_2_7__second_factors_are_deleted_with_their_account);
async fn v5_0_0__14_2_7__second_factors_are_deleted_with_their_account(site: TestApp) {
    let (mut owner, _) = site.user_with_app(ADA).await;
    owner.add_passkey("Laptop").await;
    owner.create_recovery_codes().await;
    site.run(TRUST).await;
    let counts = [
        "SELECT COUNT(*) FROM passkeys",
        "SELECT COUNT(*) FROM authenticator_apps",
        "SELECT COUNT(*) FROM recovery_codes",
        "SELECT COUNT(*) FROM trusted_browsers",
    ];
    for count in counts {
        assert!(site.number(count).await > 0, "{count}");
    }
    assert_eq!(owner.call("/api/deletion/ask", &[]).await.status, 200);
    site.clock.advance(14 * 86400);
    jobs::run_sweeps(&site.app).await;
    for count in counts {
        assert_eq!(site.number(count).await, 0, "{count}");
    }
}

on_both!(v5_0_0__16_3_3__every_change_of_a_factor_is_in_the_audit_log);
async fn v5_0_0__16_3_3__every_change_of_a_factor_is_in_the_audit_log(site: TestApp) {
    let (mut owner, _) = site.user_with_app(ADA).await;
    owner.add_passkey("Laptop").await;
    let codes = owner.create_recovery_codes().await;
    let fields = [("recovery_code", codes[0].as_str())];
    owner.call(CONFIRM_BY_RECOVERY, &fields).await;
    let (app_row, passkey_row) = (app_id(&site).await, passkey_id(&site).await);
    owner.call("/api/passkeys/rename", &[("id", &passkey_row), ("passkey_name", "Old")]).await;
    site.run("UPDATE passkeys SET disabled_at = 1").await;
    owner.call("/api/passkeys/enable", &[("id", &passkey_row)]).await;
    owner.call(REMOVE_PASSKEY, &[("id", &passkey_row)]).await;
    owner.call(REMOVE_APP, &[("id", &app_row)]).await;
    let kinds = "SELECT STRING_AGG(kind || ':' || about, ' ') FROM (
        SELECT kind, about FROM audit_events ORDER BY id) AS events";
    let found = site.text(kinds).await;
    let expected = "authenticator_app_added:Phone passkey_added:Laptop recovery_codes_created: \
        recovery_code_used:9 left reauthenticated:recovery code passkey_renamed:Old passkey_enabled:Old \
        passkey_removed:Old authenticator_app_removed:Phone";
    assert!(found.ends_with(expected), "{found}");
}

on_both!(a_passkey_is_renamed_enabled_and_removed_without_scripts);
async fn a_passkey_is_renamed_enabled_and_removed_without_scripts(site: TestApp) {
    const PAGE: &str = "/dashboard/security";
    let (mut owner, _) = site.user_with_app(ADA).await;
    owner.add_passkey("Laptop").await;
    let id = passkey_id(&site).await;
    let page = owner.visit(PAGE).await;
    assert!(page.shows("not used yet"), "{}", page.text());
    let fields = [("id", id.as_str()), ("passkey_name", "Old laptop")];
    let page = owner.post_form("/api/passkeys/rename", &fields).await;
    assert!(page.shows("Passkey renamed.") && page.shows("Old laptop"), "{}", page.text());
    let long = "a".repeat(200);
    let page =
        owner.post_form("/api/passkeys/rename", &[("id", &id), ("passkey_name", &long)]).await;
    assert!(page.problem_at(&format!("name-{id}")).is_some(), "{}", page.text());
    site.run("UPDATE passkeys SET disabled_at = 1, used_at = 1").await;
    let page = owner.visit(PAGE).await;
    assert!(page.shows("Disabled") && page.shows("last used"), "{}", page.text());
    let page = owner.post_form("/api/passkeys/enable", &[("id", &id)]).await;
    assert!(page.shows("Passkey enabled.") && !page.shows("Disabled"), "{}", page.text());
    let page = owner.post_form(REMOVE_PASSKEY, &[("id", &id)]).await;
    assert!(page.shows("Passkey removed.") && page.shows("No passkeys."), "{}", page.text());
    assert_eq!(owner.at, PAGE);
}

on_both!(without_a_waiting_period_only_an_administrator_removes_lost_factors);
async fn without_a_waiting_period_only_an_administrator_removes_lost_factors(engine: Engine) {
    let settings = "[second_factor]\nrecovery_wait = \"none\"\ntrust = \"7d\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    let (_, app) = site.user_with_app(ADA).await;
    site.mark_verified(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    site.mails().await;
    let page = browser.visit("/sign-in/second-factor").await;
    assert!(page.shows("An administrator can remove"), "{}", page.text());
    assert!(!page.shows("Remove second factors by email"), "{}", page.text());
    let answer = browser.call("/api/sign-in/second-factor/lost", &[("attempt", &attempt)]).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(site.mails().await.len(), 0);
    // The other setting of this test.
    assert!(page.shows("Trust this browser for 7 days"), "{}", page.text());
    let code = site.next_code(&app);
    let fields = [("attempt", attempt.as_str()), ("app_code", &code), ("trust", "on")];
    browser.post_form("/api/sign-in/second-factor/code", &fields).await;
    site.clock.advance(7 * 86400 - 1);
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
    browser.post_form("/api/sign-out", &[]).await;
    site.clock.advance(1);
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/sign-in/second-factor");
}
