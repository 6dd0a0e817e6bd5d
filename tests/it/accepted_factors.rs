//! Passkeys that a sign-in sets up, and sites that accept only passkeys as second factors.

use std::sync::Arc;

use portcullis::server::App;
use serde_json::json;

use crate::support::app::Folder;
use crate::support::passkey::{SoftPasskey, USER_PRESENT, USER_VERIFIED};
use crate::support::process::{err, out, run};
use crate::support::{ADA, Browser, EVE, Engine, PASSWORD, TestApp, TestResponse};

const PAGE: &str = "/sign-in/second-factor";
const BEGIN: &str = "/api/sign-in/second-factor/set-up-passkey/begin";
const SET_UP: &str = "/api/sign-in/second-factor/set-up-passkey";
const REQUIRED: &str = "[second_factor]\nrequire = \"everyone\"\ngrace = \"none\"\n";

fn outcome(answer: &TestResponse) -> (u16, serde_json::Value) {
    (answer.status.as_u16(), answer.json())
}

impl Browser {
    /// Sets up a passkey with these flags for the pending sign-in.
    async fn set_up_passkey(&mut self, attempt: &str, flags: u8) -> (SoftPasskey, TestResponse) {
        let challenge = self.challenge(BEGIN, &[("attempt", attempt)]).await;
        let mut passkey = SoftPasskey::new(&challenge, &self.origin);
        passkey.flags = flags;
        let credential = passkey.register(&passkey.registration(&challenge));
        let fields =
            [("attempt", attempt), ("token", &challenge.token), ("credential", &credential)];
        let answer = self.call(SET_UP, &fields).await;
        (passkey, answer)
    }

    /// Uses a passkey as the second factor of the pending sign-in.
    async fn enter_passkey(&mut self, attempt: &str, passkey: &mut SoftPasskey) -> TestResponse {
        let begin = "/api/sign-in/second-factor/passkey/begin";
        let challenge = self.challenge(begin, &[("attempt", attempt)]).await;
        let response = passkey.assertion(&challenge);
        let credential = passkey.sign(&response);
        let fields =
            [("attempt", attempt), ("token", &challenge.token), ("credential", &credential)];
        self.call("/api/sign-in/second-factor/passkey", &fields).await
    }
}

const SYNCED: u8 = USER_PRESENT | USER_VERIFIED | crate::support::passkey::BACKUP_ELIGIBLE;
const DEVICE_BOUND: u8 = USER_PRESENT | USER_VERIFIED;

/// Returns a browser of this process in which a sign-in waits, and the attempt's id.
async fn pending(site: &TestApp, app: &Arc<App>, email: &str) -> (Browser, String) {
    let mut browser = site.browser().with_app(app);
    browser.try_sign_in(email, PASSWORD).await;
    assert_eq!(browser.at, PAGE, "{email}");
    let attempt = browser.attempt().await;
    (browser, attempt)
}

on_both!(v5_0_0__6_3_3__a_required_passkey_is_set_up_before_the_first_session);
async fn v5_0_0__6_3_3__a_required_passkey_is_set_up_before_the_first_session(engine: Engine) {
    let site = TestApp::with_settings(engine, REQUIRED).await;
    site.browser().sign_up(ADA).await;
    site.browser().sign_up(EVE).await;
    let (mut ada, attempt) = pending(&site, &site.app, ADA).await;
    let (mut eve, eves) = pending(&site, &site.app, EVE).await;
    let page = ada.visit(PAGE).await;
    assert!(page.shows("Add a passkey or an authenticator app"), "{}", page.text());
    assert!(page.shows("Passkeys need JavaScript"), "{}", page.text());

    // Another browser's attempt, and a challenge for another purpose or user.
    let answer = eve.call(BEGIN, &[("attempt", &attempt)]).await;
    assert_eq!(outcome(&answer), (409, json!("second_factor_expired")));
    let of_eve = eve.challenge(BEGIN, &[("attempt", &eves)]).await;
    let theirs = SoftPasskey::new(&of_eve, &ada.origin);
    let credential = theirs.register(&theirs.registration(&of_eve));
    let fields = [("attempt", &*attempt), ("token", &of_eve.token), ("credential", &credential)];
    assert_eq!(outcome(&ada.call(SET_UP, &fields).await), (409, json!("passkey_expired")));
    let fields = [("attempt", &*attempt), ("token", ""), ("credential", "")];
    assert_eq!(outcome(&ada.call(SET_UP, &fields).await), (400, json!("passkey_not_used")));
    let (_, answer) = ada.set_up_passkey(&attempt, USER_PRESENT).await;
    assert_eq!(outcome(&answer), (401, json!("passkey_refused")), "the user must be verified");
    assert_eq!(site.count_sessions().await, 0);
    site.mails().await;

    let mut twin = ada.clone();
    let (mut passkey, answer) = ada.set_up_passkey(&attempt, SYNCED).await;
    assert_eq!(answer.json()["go"], "/dashboard/recovery-codes");
    assert!(ada.is_signed_in().await);
    assert_eq!(site.mail().await.subject, "Passkey added");
    let answer = twin.call(BEGIN, &[("attempt", &attempt)]).await;
    assert_eq!(outcome(&answer), (409, json!("second_factor_expired")), "once");
    // From now on the passkey is asked for, and nothing can be set up in its place.
    let (mut browser, attempt) = pending(&site, &site.app, ADA).await;
    let answer = browser.call(BEGIN, &[("attempt", &attempt)]).await;
    assert_eq!(outcome(&answer), (409, json!("second_factor_expired")));
    assert_eq!(browser.enter_passkey(&attempt, &mut passkey).await.status, 200);
    assert!(browser.is_signed_in().await);
}

on_both!(v5_0_0__6_3_4__where_only_passkeys_count_no_code_signs_in);
async fn v5_0_0__6_3_4__where_only_passkeys_count_no_code_signs_in(site: TestApp) {
    let (mut ada, totp) = site.user_with_app(ADA).await;
    let codes = ada.create_recovery_codes().await;
    let strict = site.reopen(&format!("{REQUIRED}accept = \"passkeys\"\n")).await;

    // The app is asked for once more: a thief with the password must not set up a passkey.
    let (mut browser, attempt) = pending(&site, &strict, ADA).await;
    let answer = browser.call(BEGIN, &[("attempt", &attempt)]).await;
    assert_eq!(outcome(&answer), (409, json!("second_factor_expired")));
    let fields = [("attempt", &*attempt), ("app_code", &site.next_code(&totp)), ("trust", "on")];
    let answer = browser.call("/api/sign-in/second-factor/code", &fields).await;
    assert_eq!(answer.json()["go"], PAGE, "{}", answer.text());
    assert!(!browser.is_signed_in().await);
    assert_eq!(site.number("SELECT COUNT(*) FROM trusted_browsers").await, 0);
    let page = browser.visit(PAGE).await;
    assert!(page.shows("This site requires a passkey. Add one to continue."), "{}", page.text());
    let next = browser.attempt().await;
    assert_ne!(next, attempt, "an attempt is used once");
    // An app does not count.
    let answer = browser.call("/api/sign-in/second-factor/set-up", &[("attempt", &next)]).await;
    assert_eq!(answer.status, 422);
    let (mut passkey, answer) = browser.set_up_passkey(&next, SYNCED).await;
    assert_eq!(answer.json()["go"], "/dashboard/security", "{}", answer.text());
    assert!(browser.is_signed_in().await);

    // Codes are refused, and not used up.
    let (mut browser, attempt) = pending(&site, &strict, ADA).await;
    let page = browser.visit(PAGE).await;
    assert!(page.shows("This site accepts only passkeys") && !page.shows("six digits"));
    let refused = (403, json!("second_factor_not_accepted"));
    let code = site.next_code(&totp);
    let fields = [("attempt", &*attempt), ("app_code", &*code), ("trust", "on")];
    let answer = browser.call("/api/sign-in/second-factor/code", &fields).await;
    assert_eq!(outcome(&answer), refused);
    let answer = browser.enter_recovery_code(&attempt, &codes[0]).await;
    assert_eq!(outcome(&answer), refused);
    assert_eq!(site.number("SELECT COUNT(used_at) FROM recovery_codes").await, 0);
    assert_eq!(site.number("SELECT COUNT(*) FROM trusted_browsers").await, 0);
    assert_eq!(browser.enter_passkey(&attempt, &mut passkey).await.status, 200);

    // Neither can be created, and no code confirms an identity.
    let security = browser.visit("/dashboard/security").await;
    assert!(security.shows("This site no longer accepts codes from these apps."));
    assert!(security.shows("Add a second passkey.") && !security.shows("Recovery codes"));
    for path in ["/api/authenticator-apps/offer", "/api/recovery-codes/offer"] {
        assert_eq!(outcome(&browser.call(path, &[]).await), refused, "{path}");
    }
    let fields = [("app_code", &*site.next_code(&totp))];
    let answer = browser.call("/api/reauthentication/code", &fields).await;
    assert_eq!(outcome(&answer), refused);
    // The app may go, the only passkey may not.
    let id = site.text("SELECT id FROM passkeys").await;
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(outcome(&answer), (409, json!("last_second_factor")));
    let id = site.text("SELECT id FROM authenticator_apps").await;
    let answer = browser.call("/api/authenticator-apps/remove", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(where_a_factor_is_optional_an_old_one_is_still_asked_for);
async fn where_a_factor_is_optional_an_old_one_is_still_asked_for(site: TestApp) {
    let (_, totp) = site.user_with_app(ADA).await;
    let app = site.reopen("[second_factor]\naccept = \"passkeys\"\n").await;
    let (mut browser, attempt) = pending(&site, &app, ADA).await;
    let answer = browser.enter_app_code(&attempt, &site.next_code(&totp)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(browser.is_signed_in().await);
    // It confirms an identity until there is a better one.
    let code = site.next_code(&totp);
    let answer = browser.call("/api/reauthentication/code", &[("app_code", &code)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(v5_0_0__6_3_3__where_only_device_bound_passkeys_count_synced_ones_are_replaced);
async fn v5_0_0__6_3_3__where_only_device_bound_passkeys_count_synced_ones_are_replaced(
    site: TestApp,
) {
    let mut ada = site.signed_in_browser(ADA).await;
    let mut synced = ada.add_passkey("Cloud").await;
    let strict = format!("{REQUIRED}accept = \"device-bound-passkeys\"\n");
    let strict = site.reopen(&strict).await;

    // A synced passkey identifies its owner, who then needs another.
    let mut browser = site.browser().with_app(&strict);
    let answer = browser.sign_in_with(&mut synced).await;
    assert_eq!(answer.json()["go"], PAGE, "{}", answer.text());
    assert!(!browser.is_signed_in().await);
    let page = browser.visit(PAGE).await;
    assert!(page.shows("a passkey that can't leave its device"), "{}", page.text());
    let attempt = browser.attempt().await;
    let challenge = browser.challenge(BEGIN, &[("attempt", &attempt)]).await;
    assert_eq!(challenge.options["hints"], json!(["security-key"]));
    let (_, answer) = browser.set_up_passkey(&attempt, SYNCED).await;
    assert_eq!(outcome(&answer), (403, json!("passkey_not_device_bound")));
    let (mut key, answer) = browser.set_up_passkey(&attempt, DEVICE_BOUND).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(browser.is_signed_in().await);

    // Only the new one is asked for, and it alone is enough.
    let (mut other, attempt) = pending(&site, &strict, ADA).await;
    let begin = "/api/sign-in/second-factor/passkey/begin";
    let challenge = other.challenge(begin, &[("attempt", &attempt)]).await;
    let allowed = challenge.options["allowCredentials"].as_array().unwrap();
    assert_eq!(allowed.len(), 1, "{allowed:?}");
    let answer = other.enter_passkey(&attempt, &mut synced).await;
    assert_eq!(outcome(&answer), (403, json!("second_factor_not_accepted")));
    assert_eq!(other.enter_passkey(&attempt, &mut key).await.status, 200);
    let mut third = site.browser().with_app(&strict);
    assert_eq!(third.sign_in_with(&mut key).await.json()["go"], "/dashboard");
    // The account may add no synced passkey either.
    let begin = "/api/passkeys/begin";
    let challenge = browser.challenge(begin, &[]).await;
    let passkey = SoftPasskey::new(&challenge, &browser.origin);
    let credential = passkey.register(&passkey.registration(&challenge));
    let answer = browser.finish_passkey(&challenge, &credential, "").await;
    assert_eq!(outcome(&answer), (403, json!("passkey_not_device_bound")));
    // A password manager that begins to sync it ends that.
    key.flags = SYNCED;
    let answer = third.sign_in_with(&mut key).await;
    assert_eq!(answer.json()["go"], PAGE, "{}", answer.text());
    assert_eq!(site.number("SELECT COUNT(*) FROM passkeys WHERE is_device_bound").await, 0);
    assert!(!browser.is_signed_in().await, "so do sessions that began with it");
}

on_both!(an_administrator_who_removes_the_last_accepted_factor_requires_another);
async fn an_administrator_who_removes_the_last_accepted_factor_requires_another(site: TestApp) {
    let (mut ada, totp) = site.user_with_app(ADA).await;
    ada.add_passkey("Laptop").await;
    let settings = "[second_factor]\nrequire = \"everyone\"\naccept = \"passkeys\"\n";
    let app = site.reopen(settings).await;
    let id = site.text("SELECT id FROM passkeys").await;
    let ada = site.id_of(ADA).await.into();
    let by = portcullis::role::server::Principal::operator();
    portcullis::admin::server::manage::remove_factor(&app, &by, &ada, &id).await.unwrap();
    // Not after the grace period, but now.
    let (mut browser, attempt) = pending(&site, &app, ADA).await;
    let answer = browser.enter_app_code(&attempt, &site.next_code(&totp)).await;
    assert_eq!(answer.json()["go"], PAGE, "{}", answer.text());
}

on_both!(v5_0_0__6_4_3__a_mailbox_is_not_enough_to_replace_a_factor);
async fn v5_0_0__6_4_3__a_mailbox_is_not_enough_to_replace_a_factor(site: TestApp) {
    let (_, _app) = site.user_with_app(ADA).await;
    site.mark_verified(ADA).await;
    site.mails().await;
    let app = site.reopen(&format!("{REQUIRED}accept = \"passkeys\"\nby_mail = \"on\"\n")).await;
    let (mut browser, attempt) = pending(&site, &app, ADA).await;
    assert!(!browser.visit(PAGE).await.shows("Email me a code"));
    let fields = [("attempt", &*attempt)];
    let answer = browser.call("/api/sign-in/second-factor/mail", &fields).await;
    assert_eq!(outcome(&answer), (409, json!("no_mailed_code")));
    let answer = browser.call(BEGIN, &fields).await;
    assert_eq!(outcome(&answer), (409, json!("second_factor_expired")));
    // Nor where no factor is required.
    let app = site.reopen("[second_factor]\naccept = \"passkeys\"\nby_mail = \"on\"\n").await;
    let (mut browser, attempt) = pending(&site, &app, ADA).await;
    let fields = [("attempt", &*attempt)];
    let answer = browser.call("/api/sign-in/second-factor/mail", &fields).await;
    assert_eq!(outcome(&answer), (409, json!("no_mailed_code")));
    assert!(!browser.visit(PAGE).await.shows("Trust this browser"));
    assert!(site.mails().await.is_empty());
}

on_both!(trust_from_before_is_not_enough_where_only_passkeys_count);
async fn trust_from_before_is_not_enough_where_only_passkeys_count(site: TestApp) {
    // One user has a passkey beside the app, the other has not.
    for (email, has_passkey) in [(ADA, true), (EVE, false)] {
        let (mut owner, totp) = site.user_with_app(email).await;
        if has_passkey {
            owner.add_passkey("Laptop").await;
        }
        let (mut browser, attempt) = site.pending_browser(email).await;
        let fields =
            [("attempt", &*attempt), ("app_code", &site.next_code(&totp)), ("trust", "on")];
        let answer = browser.call("/api/sign-in/second-factor/code", &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        browser.call("/api/sign-out", &[]).await;
        browser.sign_in(email).await;
        browser.call("/api/sign-out", &[]).await;
        let app = site.reopen("[second_factor]\naccept = \"passkeys\"\n").await;
        let mut browser = browser.with_app(&app);
        browser.try_sign_in(email, PASSWORD).await;
        assert_eq!(browser.at, PAGE, "{email}");
    }
}

on_both!(a_disabled_passkey_locks_nobody_out_where_only_passkeys_count);
async fn a_disabled_passkey_locks_nobody_out_where_only_passkeys_count(site: TestApp) {
    let (mut ada, totp) = site.user_with_app(ADA).await;
    ada.add_passkey("Laptop").await;
    let mut second = ada.add_passkey("Key").await;
    site.run("UPDATE passkeys SET disabled_at = 1 WHERE name = 'Laptop'").await;
    let app = site.reopen(&format!("{REQUIRED}accept = \"passkeys\"\n")).await;
    let mut ada = site.browser().with_app(&app);
    ada.sign_in_with(&mut second).await;
    let id = site.text("SELECT id FROM passkeys WHERE name = 'Key'").await;
    let answer = ada.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(outcome(&answer), (409, json!("last_second_factor")));
    site.run("UPDATE passkeys SET disabled_at = 1").await;
    let (mut browser, attempt) = pending(&site, &app, ADA).await;
    browser.enter_app_code(&attempt, &site.next_code(&totp)).await;
    let attempt = browser.attempt().await;
    let (_, answer) = browser.set_up_passkey(&attempt, SYNCED).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(browser.is_signed_in().await);
}

on_both!(a_session_ends_when_its_user_must_replace_a_factor);
async fn a_session_ends_when_its_user_must_replace_a_factor(site: TestApp) {
    let (_, totp) = site.user_with_app(ADA).await;
    let settings =
        "[second_factor]\nrequire = \"everyone\"\ngrace = \"2h\"\naccept = \"passkeys\"\n";
    let app = site.reopen(settings).await;
    let (mut browser, attempt) = pending(&site, &app, ADA).await;
    browser.enter_app_code(&attempt, &site.next_code(&totp)).await;
    let page = browser.visit("/dashboard/security").await;
    assert!(page.shows("This site requires a second factor. Add a passkey by"), "{}", page.text());
    let mut adding = browser.clone();
    site.clock.advance(7200);
    assert!(!browser.is_signed_in().await);
    // One who adds it in time stays.
    site.clock.advance(-7200);
    adding.add_passkey("Laptop").await;
    site.clock.advance(7200);
    assert!(adding.is_signed_in().await);
}

on_both!(an_account_whose_factors_were_removed_by_mail_sets_up_a_required_one_at_once);
async fn an_account_whose_factors_were_removed_by_mail_sets_up_a_required_one_at_once(
    engine: Engine,
) {
    let site = TestApp::with_settings(engine, "[second_factor]\nrequire = \"everyone\"\n").await;
    site.user_with_app(ADA).await;
    site.mark_verified(ADA).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    site.mails().await;
    browser.call("/api/sign-in/second-factor/lost", &[("attempt", &attempt)]).await;
    let link = site.mail().await.link();
    site.clock.advance(86400);
    browser.visit(&link).await;
    let answer = browser.call("/api/recovery/factors", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut browser = site.browser();
    let page = browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, PAGE);
    assert!(page.shows("This site requires a second factor."), "{}", page.text());
}

#[test]
fn a_site_on_an_ip_address_can_accept_only_passkeys_from_nobody() {
    let folder = Folder::new();
    let settings = [
        ("PORTCULLIS_SITE__URL", "http://127.0.0.1:3000"),
        ("PORTCULLIS_SECOND_FACTOR__ACCEPT", "passkeys"),
    ];
    let checked = run(folder.path(), &settings, &["config", "check"]);
    assert!(!checked.status.success(), "{}", out(&checked));
    assert!(err(&checked).contains("browsers offer none on http://127.0.0.1:3000"));
}
