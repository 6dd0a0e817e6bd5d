//! Signing in, proving a second factor and confirming an identity with passkeys.

use portcullis::server::jobs::run_sweeps;
use serde_json::{Value, json};

use crate::support::passkey::{
    BACKED_UP, BACKUP_ELIGIBLE, Response, SoftPasskey, USER_PRESENT, USER_VERIFIED, decode, encode,
};
use crate::support::{ADA, Browser, EVE, TestApp};

const EVENTS_OF_REFUSALS: &str =
    "SELECT COUNT(*) FROM audit_events WHERE kind = 'sign_in_refused' AND about = 'passkey'";

/// Creates a user with a password and a passkey. Returns a signed-out browser and the passkey.
async fn with_passkey(site: &TestApp, email: &str) -> (Browser, SoftPasskey) {
    let mut browser = site.signed_in_browser(email).await;
    let passkey = browser.add_passkey("Laptop").await;
    (site.browser(), passkey)
}

on_both!(v5_0_0__6_3_3__a_passkey_signs_in_as_both_factors);
async fn v5_0_0__6_3_3__a_passkey_signs_in_as_both_factors(site: TestApp) {
    let (mut browser, mut passkey) = with_passkey(&site, ADA).await;
    let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    assert_eq!(challenge.options["userVerification"], "required");
    assert_eq!(challenge.options["rpId"], "localhost");
    assert_eq!(challenge.options["allowCredentials"], json!([]), "any account's");
    assert!(decode(challenge.options["challenge"].as_str().unwrap()).len() >= 16);
    let response = passkey.assertion(&challenge);
    let credential = passkey.sign(&response);
    let fields = [
        ("token", challenge.token.as_str()),
        ("credential", &credential),
        ("next", "/dashboard/sessions"),
        ("remember", "on"),
    ];
    let answer = browser.call("/api/sign-in/passkey", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["go"], "/dashboard/sessions");
    let page = browser.visit("/dashboard/sessions").await;
    assert!(page.shows("Signed in with passkey"), "{}", page.text());
    // Fresh: the passkey is also the second factor.
    assert_eq!(browser.visit("/dashboard/add-authenticator-app").await.status, 200);
    assert_eq!(browser.at, "/dashboard/add-authenticator-app");
    let remembered = "SELECT COUNT(*) FROM sessions WHERE remembered AND methods = 'passkey'";
    assert_eq!(site.number(remembered).await, 1);
    assert_eq!(site.number("SELECT COUNT(used_at) FROM passkeys").await, 1);
}

/// A forgery: its name, and how it changes an honest response.
type Forgery = (&'static str, fn(&mut Response));

on_both!(v5_0_0__6_7_2__forged_assertions_start_no_session);
async fn v5_0_0__6_7_2__forged_assertions_start_no_session(site: TestApp) {
    let (mut browser, mut passkey) = with_passkey(&site, ADA).await;
    let (_, eves) = with_passkey(&site, EVE).await;
    let forgeries: [Forgery; 12] = [
        ("another origin", |it| it.origin = "https://portcullis.example".to_owned()),
        ("another port", |it| it.origin = "http://localhost:3001".to_owned()),
        ("a subdomain", |it| it.origin = "http://www.localhost:3000".to_owned()),
        ("inside another site", |it| it.cross_origin = true),
        ("another relying party", |it| it.rp_id = "example.com".to_owned()),
        ("a challenge of its own", |it| it.challenge = encode(&[7; 32])),
        ("another ceremony", |it| it.kind = "webauthn.create"),
        ("no user presence", |it| it.flags &= !USER_PRESENT),
        ("no user verification", |it| it.flags &= !USER_VERIFIED),
        ("a bad signature", |it| it.breaks_signature = true),
        ("no account", |it| it.handle = None),
        ("backed up without being able to", |it| it.flags &= !BACKUP_ELIGIBLE),
    ];
    let sessions = site.count_sessions().await;
    let mut refused = 0;
    for (name, forge) in forgeries {
        let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
        let mut response = passkey.assertion(&challenge);
        forge(&mut response);
        let answer = browser.send_passkey(&challenge, &passkey.sign(&response)).await;
        let expected = (401, json!("passkey_refused"));
        assert_eq!((answer.status.as_u16(), answer.json()), expected, "{name}");
        refused += 1;
        assert_eq!(site.number(EVENTS_OF_REFUSALS).await, refused, "{name}: an event");
    }
    // Another user's handle, and another user's key under this id.
    let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    let mut response = passkey.assertion(&challenge);
    response.handle = Some(eves.handle.clone());
    let answer = browser.send_passkey(&challenge, &passkey.sign(&response)).await;
    assert_eq!(answer.json(), json!("passkey_refused"));
    let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    let response = passkey.assertion(&challenge);
    let answer = browser.send_passkey(&challenge, &eves.sign(&response)).await;
    assert_eq!(answer.json(), json!("passkey_refused"));
    for text in ["{}", "null", "x", "{\"id\":\"AA\",\"rawId\":\"AA\"}"] {
        let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
        let answer = browser.send_passkey(&challenge, text).await;
        assert_eq!(answer.json(), json!("passkey_refused"), "{text}");
    }
    let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    let answer = browser.send_passkey(&challenge, "").await;
    assert_eq!(answer.json(), json!("passkey_not_used"));
    assert_eq!(site.count_sessions().await, sessions);
    assert_eq!(site.number("SELECT COUNT(used_at) FROM passkeys").await, 0);
    // The passkey itself still works.
    assert_eq!(browser.sign_in_with(&mut passkey).await.status, 200);
}

on_both!(v5_0_0__6_7_2__a_challenge_is_answered_once_in_time_by_its_browser_and_for_its_purpose);
async fn v5_0_0__6_7_2__a_challenge_is_answered_once_in_time_by_its_browser_and_for_its_purpose(
    site: TestApp,
) {
    let (mut browser, mut passkey) = with_passkey(&site, ADA).await;
    let expired = (409, json!("passkey_expired"));
    let outcome = |it: crate::support::TestResponse| (it.status.as_u16(), it.json());
    // Replayed.
    let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    let response = passkey.assertion(&challenge);
    let credential = passkey.sign(&response);
    let mut tab = browser.clone();
    assert_eq!(browser.send_passkey(&challenge, &credential).await.status, 200);
    assert_eq!(outcome(tab.send_passkey(&challenge, &credential).await), expired);
    // At once, of which one wins.
    let challenge = tab.challenge("/api/sign-in/passkey/begin", &[]).await;
    let response = passkey.assertion(&challenge);
    let credential = passkey.sign(&response);
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let (mut tab, challenge, credential) =
                (tab.clone(), challenge.clone(), credential.clone());
            tokio::spawn(async move { tab.send_passkey(&challenge, &credential).await.status })
        })
        .collect();
    let mut successes = 0;
    for it in tries {
        successes += usize::from(it.await.unwrap() == 200);
    }
    assert_eq!(successes, 1);
    // Another browser's.
    let mut thief = site.browser();
    let challenge = tab.challenge("/api/sign-in/passkey/begin", &[]).await;
    let response = passkey.assertion(&challenge);
    let credential = passkey.sign(&response);
    assert_eq!(outcome(thief.send_passkey(&challenge, &credential).await), expired);
    thief.challenge("/api/sign-in/passkey/begin", &[]).await;
    assert_eq!(outcome(thief.send_passkey(&challenge, &credential).await), expired);
    // For something else.
    let begin = "/api/sign-up/passkey/begin";
    let other = tab.challenge(begin, &[("email", "new@example.com")]).await;
    let response = passkey.assertion(&other);
    let credential = passkey.sign(&response);
    assert_eq!(outcome(tab.send_passkey(&other, &credential).await), expired);
    // Two tabs of one browser both succeed, and after five minutes neither does.
    let first = tab.challenge("/api/sign-in/passkey/begin", &[]).await;
    let second = tab.challenge("/api/sign-in/passkey/begin", &[]).await;
    let late = tab.challenge("/api/sign-in/passkey/begin", &[]).await;
    for challenge in [second, first] {
        let response = passkey.assertion(&challenge);
        let credential = passkey.sign(&response);
        assert_eq!(tab.clone().send_passkey(&challenge, &credential).await.status, 200);
    }
    site.clock.advance(301);
    let response = passkey.assertion(&late);
    let credential = passkey.sign(&response);
    assert_eq!(outcome(tab.send_passkey(&late, &credential).await), expired);
    assert_eq!(site.number("SELECT COUNT(*) FROM used_challenges").await, 5, "and the new one");
    site.clock.advance(3600);
    assert!(run_sweeps(&site.app).await);
    assert_eq!(site.number("SELECT COUNT(*) FROM used_challenges").await, 0, "forgotten");
}

on_both!(an_unknown_passkey_and_a_removed_one_sign_nobody_in);
async fn an_unknown_passkey_and_a_removed_one_sign_nobody_in(site: TestApp) {
    let mut owner = site.signed_in_browser(ADA).await;
    let mut passkey = owner.add_passkey("Laptop").await;
    let mut browser = site.browser();
    let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    let mut response = passkey.assertion(&challenge);
    response.id = vec![9; 16];
    let answer = browser.send_passkey(&challenge, &passkey.sign(&response)).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!("passkey_unknown")));
    assert_eq!(site.number(EVENTS_OF_REFUSALS).await, 1);
    let id = site.text("SELECT id FROM passkeys").await;
    let answer = owner.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = browser.sign_in_with(&mut passkey).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!("passkey_refused")));
    // Once nothing can restore it, authenticators may forget it.
    site.clock.advance(8 * 86_400);
    assert!(run_sweeps(&site.app).await);
    let answer = browser.sign_in_with(&mut passkey).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!("passkey_unknown")));
    assert!(!browser.is_signed_in().await);
}

on_both!(v5_0_0__6_3_3__a_password_needs_the_passkey_of_its_account);
async fn v5_0_0__6_3_3__a_password_needs_the_passkey_of_its_account(site: TestApp) {
    let (_, mut passkey) = with_passkey(&site, ADA).await;
    let (_, mut eves) = with_passkey(&site, EVE).await;
    let (mut browser, attempt) = site.pending_browser(ADA).await;
    let page = browser.visit("/sign-in/second-factor").await;
    assert!(page.shows("Use a passkey"), "{}", page.text());
    assert!(!page.shows("The six digits that your authenticator app shows now."));
    let begin = "/api/sign-in/second-factor/passkey/begin";
    let finish = "/api/sign-in/second-factor/passkey";
    let fields = [("attempt", attempt.as_str())];
    let challenge = browser.challenge(begin, &fields).await;
    let allowed = challenge.options["allowCredentials"].as_array().unwrap().clone();
    let ids: Vec<_> = allowed.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [encode(&passkey.id)]);
    // Another user's passkey.
    let response = eves.assertion(&challenge);
    let credential = eves.sign(&response);
    let sent = |token: &str, credential: &str| {
        [
            ("attempt", attempt.clone()),
            ("token", token.to_owned()),
            ("credential", credential.to_owned()),
            ("trust", "on".to_owned()),
        ]
    };
    let answer = call(&mut browser, finish, &sent(&challenge.token, &credential)).await;
    assert_eq!((answer.0, answer.1), (401, json!("passkey_refused")));
    // A challenge of a sign-in.
    let sign_in = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    let response = passkey.assertion(&sign_in);
    let credential = passkey.sign(&response);
    let answer = call(&mut browser, finish, &sent(&sign_in.token, &credential)).await;
    assert_eq!(answer.1, json!("passkey_expired"));
    // A key that does not store accounts sends no handle.
    let challenge = browser.challenge(begin, &fields).await;
    let mut response = passkey.assertion(&challenge);
    response.handle = None;
    let credential = passkey.sign(&response);
    let answer = call(&mut browser, finish, &sent(&challenge.token, &credential)).await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    assert!(browser.is_signed_in().await);
    let methods = "SELECT methods FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1";
    assert_eq!(site.text(methods).await, "password passkey");
    // It trusts this browser, and the attempt is used up.
    browser.post("/api/sign-out", &[]).await;
    browser.sign_in(ADA).await;
    let answer = browser.call(begin, &fields).await;
    assert_eq!(answer.json(), json!("second_factor_expired"));
}

async fn call(browser: &mut Browser, path: &str, fields: &[(&str, String)]) -> (u16, Value) {
    let fields: Vec<_> = fields.iter().map(|(name, it)| (*name, it.as_str())).collect();
    let answer = browser.call(path, &fields).await;
    (answer.status.as_u16(), answer.json())
}

on_both!(v5_0_0__7_5_1__another_users_passkey_never_satisfies_a_reauthentication);
async fn v5_0_0__7_5_1__another_users_passkey_never_satisfies_a_reauthentication(site: TestApp) {
    let mut ada = site.signed_in_browser(ADA).await;
    let mut passkey = ada.add_passkey("Laptop").await;
    let (_, mut eves) = with_passkey(&site, EVE).await;
    site.clock.advance(601);
    let (begin, finish) = ("/api/reauthentication/passkey/begin", "/api/reauthentication/passkey");
    ada.visit("/dashboard/add-passkey").await;
    assert!(ada.at.starts_with("/reauthenticate"), "{}", ada.at);
    // Eve's passkey over Ada's challenge, under her own id and under Ada's.
    for id in [eves.id.clone(), passkey.id.clone()] {
        for handle in [Some(eves.handle.clone()), Some(passkey.handle.clone()), None] {
            let challenge = ada.challenge(begin, &[]).await;
            let mut response = eves.assertion(&challenge);
            (response.id, response.handle) = (id.clone(), handle);
            let credential = eves.sign(&response);
            let fields = [("token", challenge.token.as_str()), ("credential", &credential)];
            let answer = ada.call(finish, &fields).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (401, json!("passkey_refused")));
        }
    }
    // Eve's own confirmation, in Ada's session.
    let mut eve = site.browser();
    eve.sign_in_with(&mut eves).await;
    let theirs = eve.challenge(begin, &[]).await;
    let response = eves.assertion(&theirs);
    let credential = eves.sign(&response);
    let fields = [("token", theirs.token.as_str()), ("credential", &credential)];
    let answer = ada.call(finish, &fields).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("passkey_expired")));
    assert!(ada.visit("/dashboard/add-passkey").await.status == 200);
    assert!(ada.at.starts_with("/reauthenticate"), "still not confirmed");
    let refused = "SELECT COUNT(*) FROM audit_events WHERE kind = 'reauthentication_refused'
        AND about = 'passkey'";
    assert_eq!(site.number(refused).await, 7);
    // Ada's own.
    let challenge = ada.challenge(begin, &[]).await;
    let response = passkey.assertion(&challenge);
    let credential = passkey.sign(&response);
    let fields = [
        ("token", challenge.token.as_str()),
        ("credential", &credential),
        ("next", "/dashboard/add-passkey"),
    ];
    let answer = ada.call(finish, &fields).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["go"].clone()),
        (200, json!("/dashboard/add-passkey"))
    );
    ada.visit("/dashboard/add-passkey").await;
    assert_eq!(ada.at, "/dashboard/add-passkey");
}

on_both!(a_passkey_whose_counter_runs_backwards_is_disabled_until_its_owner_enables_it);
async fn a_passkey_whose_counter_runs_backwards_is_disabled_until_its_owner_enables_it(
    site: TestApp,
) {
    let mut owner = site.signed_in_browser(ADA).await;
    site.mark_verified(ADA).await;
    let mut passkey = owner.add_passkey("Laptop").await;
    passkey.counter = 7;
    let mut browser = site.browser();
    assert_eq!(browser.sign_in_with(&mut passkey).await.status, 200);
    site.mails().await;
    // A copy that was taken earlier.
    let mut thief = site.browser();
    let honest = passkey.counter;
    passkey.counter = 2;
    let answer = thief.sign_in_with(&mut passkey).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("passkey_disabled")));
    assert!(!thief.is_signed_in().await);
    let mail = site.mail().await;
    assert_eq!(mail.subject, "Passkey disabled");
    assert!(mail.text.contains("Laptop"), "{}", mail.text);
    let events = "SELECT COUNT(*) FROM audit_events WHERE kind = 'passkey_disabled'";
    assert_eq!(site.number(events).await, 1);
    // Neither copy works now; the event and the mail are not repeated.
    passkey.counter = 2;
    assert_eq!(thief.sign_in_with(&mut passkey).await.json(), json!("passkey_disabled"));
    passkey.counter = honest;
    assert_eq!(thief.sign_in_with(&mut passkey).await.json(), json!("passkey_disabled"));
    assert_eq!(site.number(events).await, 1);
    assert!(site.mails().await.is_empty());
    let page = owner.visit("/dashboard/security").await;
    assert!(page.shows("Its use counter went backwards"), "{}", page.text());
    // The password is still not enough, and no other factor exists.
    let (mut other, attempt) = site.pending_browser(ADA).await;
    let begin = "/api/sign-in/second-factor/passkey/begin";
    let answer = other.call(begin, &[("attempt", &attempt)]).await;
    assert_eq!(answer.json(), json!("passkey_not_used"), "no challenge that any passkey answers");
    // The owner would be locked out too, so the last working factor stays.
    let app = owner.add_app(&site, "Phone").await;
    let app_id = site.text("SELECT id FROM authenticator_apps").await;
    let answer = owner.call("/api/authenticator-apps/remove", &[("id", &app_id)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("only_disabled_left")));
    drop(app);
    site.mails().await;
    let id = site.text("SELECT id FROM passkeys").await;
    let answer = owner.call("/api/passkeys/enable", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let enabled = site.mail().await;
    assert_eq!(enabled.subject, "Passkey enabled");
    assert_eq!(thief.sign_in_with(&mut passkey).await.status, 200);
    // A passkey that counts nothing stays at 0.
    let mut second = owner.add_passkey("Phone").await;
    for _ in 0..2 {
        assert_eq!(site.browser().sign_in_with(&mut second).await.status, 200);
    }
    // Whoever enabled it was not the owner.
    owner.visit(&enabled.not_me()).await;
    assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
    assert_eq!(thief.sign_in_with(&mut passkey).await.json(), json!("passkey_unknown"));
}

on_both!(a_passkey_may_begin_to_sync_but_not_stop);
async fn a_passkey_may_begin_to_sync_but_not_stop(site: TestApp) {
    let mut owner = site.signed_in_browser(ADA).await;
    let challenge = owner.challenge("/api/passkeys/begin", &[]).await;
    let mut passkey = SoftPasskey::new(&challenge, &owner.origin);
    passkey.flags = USER_PRESENT | USER_VERIFIED;
    let credential = passkey.register(&passkey.registration(&challenge));
    assert_eq!(owner.finish_passkey(&challenge, &credential, "").await.status, 200);
    assert!(owner.visit("/dashboard/security").await.shows("On one device only"));
    let mut browser = site.browser();
    passkey.flags |= BACKUP_ELIGIBLE;
    assert_eq!(browser.sign_in_with(&mut passkey).await.status, 200);
    assert!(owner.visit("/dashboard/security").await.shows("Not synced yet"));
    passkey.flags |= BACKED_UP;
    assert_eq!(browser.sign_in_with(&mut passkey).await.status, 200);
    assert!(owner.visit("/dashboard/security").await.shows("Synced between devices"));
    passkey.flags = USER_PRESENT | USER_VERIFIED;
    assert_eq!(browser.sign_in_with(&mut passkey).await.json(), json!("passkey_refused"));
}

on_both!(a_passkey_without_recovery_codes_left_leads_to_new_ones);
async fn a_passkey_without_recovery_codes_left_leads_to_new_ones(site: TestApp) {
    let mut owner = site.signed_in_browser(ADA).await;
    let mut passkey = owner.add_passkey("Laptop").await;
    let mut browser = site.browser();
    // A user who never created any is only advised to.
    assert_eq!(browser.sign_in_with(&mut passkey).await.json()["go"], "/dashboard");
    owner.create_recovery_codes().await;
    site.run("UPDATE recovery_codes SET used_at = 1").await;
    let answer = browser.sign_in_with(&mut passkey).await.json();
    assert_eq!(answer["go"], "/dashboard/recovery-codes");
    assert_eq!(answer["notice"], "recovery_codes_used_up");
    browser.create_recovery_codes().await;
    assert_eq!(browser.sign_in_with(&mut passkey).await.json()["go"], "/dashboard");
}
