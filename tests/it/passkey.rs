//! Passkeys of accounts: signing up with one, adding, naming and removing them.

use serde_json::{Value, json};

use crate::support::passkey::{Response, SoftPasskey, USER_PRESENT, USER_VERIFIED, decode, encode};
use crate::support::{ADA, Browser, EVE, Engine, PASSWORD, TestApp};

const BEGIN_SIGN_UP: &str = "/api/sign-up/passkey/begin";
const SIGN_UP: &str = "/api/sign-up/passkey";

/// Signs up with a passkey as the hydrated page does.
async fn sign_up(browser: &mut Browser, email: &str) -> SoftPasskey {
    let challenge = browser.challenge(BEGIN_SIGN_UP, &[("email", email)]).await;
    let passkey = SoftPasskey::new(&challenge, &browser.origin);
    let credential = passkey.register(&passkey.registration(&challenge));
    let fields = [("email", email), ("token", &challenge.token), ("credential", &credential)];
    let answer = browser.call(SIGN_UP, &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["go"], "/sign-in");
    passkey
}

on_both!(an_account_needs_no_password);
async fn an_account_needs_no_password(site: TestApp) {
    let mut browser = site.browser();
    let page = browser.visit("/sign-up?with=passkey").await;
    assert!(page.shows("Create account with a passkey"), "{}", page.text());
    let challenge = browser.challenge(BEGIN_SIGN_UP, &[("email", ADA)]).await;
    let options = &challenge.options;
    assert_eq!(options["rp"], json!({ "id": "localhost", "name": "Portcullis" }));
    assert_eq!(options["user"]["name"], ADA);
    assert_eq!(decode(options["user"]["id"].as_str().unwrap()).len(), 16);
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    assert_eq!(options["attestation"], "none");
    let algorithms: Vec<_> = options["pubKeyCredParams"].as_array().unwrap().clone();
    let algorithms: Vec<_> = algorithms.iter().map(|it| it["alg"].as_i64().unwrap()).collect();
    assert!(algorithms.contains(&-7) && algorithms.contains(&-257), "{algorithms:?}");
    assert!(!algorithms.contains(&-8), "EdDSA can't be verified");
    assert_eq!(site.count_users().await, 0, "asking stores nothing");

    let mut passkey = sign_up(&mut browser, ADA).await;
    assert_eq!(site.mail().await.subject, "Verify your email address");
    assert_eq!(browser.sign_in_with(&mut passkey).await.status, 200);
    assert!(browser.is_signed_in().await);
    let page = browser.visit("/dashboard/security").await;
    assert!(page.shows("Add a passkey"), "{}", page.text());
    assert!(page.shows("Create recovery codes"), "{}", page.text());
    // The handle is not the id of the user.
    let handle = site.text("SELECT passkey_handle FROM users").await;
    assert_eq!(handle, encode(&passkey.handle));
    assert!(!site.text("SELECT id FROM users").await.contains(&handle));
    // The only way to sign in stays.
    let id = site.text("SELECT id FROM passkeys").await;
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("last_way_in")));
    let second = browser.add_passkey("Key").await;
    assert_eq!(second.handle, passkey.handle, "one account to authenticators");
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(v5_0_0__6_3_8__signing_up_with_a_passkey_does_not_say_whether_an_address_is_taken);
async fn v5_0_0__6_3_8__signing_up_with_a_passkey_does_not_say_whether_an_address_is_taken(
    site: TestApp,
) {
    site.browser().sign_up(ADA).await;
    site.mails().await;
    let mut outcomes = Vec::new();
    for email in ["new@example.com", ADA] {
        let mut browser = site.browser();
        browser.at = "/sign-up?with=passkey".to_owned();
        let challenge = browser.challenge(BEGIN_SIGN_UP, &[("email", email)]).await;
        let passkey = SoftPasskey::new(&challenge, &browser.origin);
        let credential = passkey.register(&passkey.registration(&challenge));
        let fields = [("email", email), ("token", &challenge.token), ("credential", &credential)];
        outcomes.push(browser.post_form(SIGN_UP, &fields).await.comparable(email));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(site.number("SELECT COUNT(*) FROM passkeys").await, 1);
    let mut subjects: Vec<_> = site.mails().await.into_iter().map(|it| it.subject).collect();
    subjects.sort();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects.iter().any(|it| it == "Verify your email address"), "{subjects:?}");
}

on_both!(v5_0_0__6_3_8__a_known_or_oversized_credential_is_refused_for_every_address);
async fn v5_0_0__6_3_8__a_known_or_oversized_credential_is_refused_for_every_address(
    site: TestApp,
) {
    let known = sign_up(&mut site.browser(), ADA).await;
    site.mails().await;
    let before = site.comparable_rows().await;
    for (id, problem) in [
        (known.id.clone(), "passkey_already_added"),
        (vec![7; 1024], "passkey_refused"),
        (Vec::new(), "passkey_refused"),
    ] {
        for email in ["new@example.com", ADA] {
            let mut browser = site.browser();
            let challenge = browser.challenge(BEGIN_SIGN_UP, &[("email", email)]).await;
            let passkey = SoftPasskey::new(&challenge, &browser.origin);
            let mut response = passkey.registration(&challenge);
            response.id = id.clone();
            let credential = passkey.register(&response);
            let fields =
                [("email", email), ("token", &challenge.token), ("credential", &credential)];
            assert_eq!(browser.call(SIGN_UP, &fields).await.json(), json!(problem), "{email}");
        }
    }
    assert!(site.mails().await.is_empty());
    let mut after = site.comparable_rows().await;
    after.retain(|it| !it.starts_with("used_challenges"));
    let mut expected = before;
    expected.retain(|it| !it.starts_with("used_challenges"));
    assert_eq!(after, expected);
}

on_both!(an_invitation_takes_over_an_account_with_another_passkey);
async fn an_invitation_takes_over_an_account_with_another_passkey(site: TestApp) {
    let mut eve = site.browser();
    let mut planted = sign_up(&mut eve, ADA).await;
    let mut root = site.administrator("root@example.com").await;
    site.mails().await;
    let answer = root.call("/api/admin/invitations/invite", &[("email", ADA), ("role", "")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let invitation = site.mail().await;
    let mut ada = site.browser();
    ada.visit(&invitation.link()).await;
    let mut own = sign_up(&mut ada, ADA).await;
    assert_eq!(eve.sign_in_with(&mut planted).await.json(), json!("passkey_unknown"));
    assert_eq!(ada.sign_in_with(&mut own).await.status, 200, "it has a handle of its own");
}

on_both!(a_passkey_that_is_not_discoverable_is_no_way_to_sign_in);
async fn a_passkey_that_is_not_discoverable_is_no_way_to_sign_in(site: TestApp) {
    let mut browser = site.browser();
    let mut first = sign_up(&mut browser, ADA).await;
    browser.sign_in_with(&mut first).await;
    let challenge = browser.challenge("/api/passkeys/begin", &[]).await;
    let mut key = SoftPasskey::new(&challenge, &browser.origin);
    key.is_discoverable = false;
    let credential = key.register(&key.registration(&challenge));
    assert_eq!(browser.finish_passkey(&challenge, &credential, "Key").await.status, 200);
    let id = site.text("SELECT id FROM passkeys WHERE name <> 'Key'").await;
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(answer.json(), json!("last_way_in"));
    // Once it has signed in, it can.
    assert_eq!(site.browser().sign_in_with(&mut key).await.status, 200);
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(a_challenge_to_sign_up_is_for_one_email_address);
async fn a_challenge_to_sign_up_is_for_one_email_address(site: TestApp) {
    let mut browser = site.browser();
    let challenge = browser.challenge(BEGIN_SIGN_UP, &[("email", EVE)]).await;
    let passkey = SoftPasskey::new(&challenge, &browser.origin);
    let credential = passkey.register(&passkey.registration(&challenge));
    for (email, credential, problem) in [
        (ADA, credential.as_str(), json!("passkey_expired")),
        // Used up by the attempt before.
        (EVE, &credential, json!("passkey_expired")),
        (EVE, "", json!("passkey_not_used")),
        ("nobody", &credential, json!({ "invalid": { "email": "malformed" } })),
    ] {
        let fields = [("email", email), ("token", &challenge.token), ("credential", credential)];
        assert_eq!(browser.call(SIGN_UP, &fields).await.json(), problem, "{email}");
    }
    assert_eq!(site.count_users().await, 0);
    browser.visit("/sign-up?with=passkey").await;
    let page = browser.post_form(SIGN_UP, &[("email", ADA)]).await;
    assert!(page.shows("No passkey was used."), "{}", page.text());
    assert_eq!(browser.at, "/sign-up?with=passkey");
}

/// A forgery: its name, and how it changes an honest response.
type Forgery = (&'static str, fn(&mut Response));

on_both!(v5_0_0__6_7_2__a_forged_registration_adds_nothing);
async fn v5_0_0__6_7_2__a_forged_registration_adds_nothing(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    let before = site.comparable_rows().await.len();
    let forgeries: [Forgery; 7] = [
        ("another origin", |it| it.origin = "https://portcullis.example".to_owned()),
        ("inside another site", |it| it.cross_origin = true),
        ("another relying party", |it| it.rp_id = "example.com".to_owned()),
        ("a challenge of its own", |it| it.challenge = encode(&[7; 32])),
        ("another ceremony", |it| it.kind = "webauthn.get"),
        ("no user presence", |it| it.flags &= !USER_PRESENT),
        ("no user verification", |it| it.flags &= !USER_VERIFIED),
    ];
    for (name, forge) in forgeries {
        let challenge = browser.challenge("/api/passkeys/begin", &[]).await;
        let passkey = SoftPasskey::new(&challenge, &browser.origin);
        let mut response = passkey.registration(&challenge);
        forge(&mut response);
        let credential = passkey.register(&response);
        let answer = browser.finish_passkey(&challenge, &credential, "Laptop").await;
        let expected = (401, json!("passkey_refused"));
        assert_eq!((answer.status.as_u16(), answer.json()), expected, "{name}");
    }
    assert_eq!(site.comparable_rows().await.len(), before);
    // Eve can't register Ada's credential as hers, nor answer Ada's challenge.
    let adas = browser.add_passkey("Laptop").await;
    let mut eve = site.signed_in_browser(EVE).await;
    let challenge = eve.challenge("/api/passkeys/begin", &[]).await;
    let passkey = SoftPasskey::new(&challenge, &eve.origin);
    let mut response = passkey.registration(&challenge);
    response.id = adas.id.clone();
    let answer = eve.finish_passkey(&challenge, &passkey.register(&response), "Mine").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("passkey_already_added")));
    let challenge = browser.challenge("/api/passkeys/begin", &[]).await;
    let credential = passkey.register(&passkey.registration(&challenge));
    let answer = eve.finish_passkey(&challenge, &credential, "Mine").await;
    assert_eq!(answer.json(), json!("passkey_expired"));
    assert_eq!(site.number("SELECT COUNT(*) FROM passkeys").await, 1);
}

on_both!(a_passkey_is_named_after_its_authenticator_and_renamed);
async fn a_passkey_is_named_after_its_authenticator_and_renamed(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    let mut names = Vec::new();
    for (aaguid, typed) in [
        ("ea9b8d664d011d213ce4b6b48cb575d4", ""),
        ("00000000000000000000000000000000", ""),
        ("ea9b8d664d011d213ce4b6b48cb575d4", " Work  laptop "),
    ] {
        let challenge = browser.challenge("/api/passkeys/begin", &[]).await;
        let passkey = SoftPasskey::new(&challenge, &browser.origin);
        let mut response = passkey.registration(&challenge);
        response.aaguid = u128::from_str_radix(aaguid, 16).unwrap().to_be_bytes();
        let credential = passkey.register(&response);
        let answer = browser.finish_passkey(&challenge, &credential, typed).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        names.push(site.text("SELECT name FROM passkeys ORDER BY created_at DESC, id DESC").await);
        let excluded = browser.challenge("/api/passkeys/begin", &[]).await;
        let excluded = excluded.options["excludeCredentials"].as_array().unwrap().len();
        assert_eq!(excluded, names.len(), "an authenticator gets one passkey");
    }
    assert_eq!(names, ["Google Password Manager", "Passkey", "Work laptop"]);
    let id = site.text("SELECT id FROM passkeys WHERE name = 'Passkey'").await;
    let rename = async |browser: &mut Browser, name: &str| {
        let fields = [("id", id.as_str()), ("passkey_name", name)];
        browser.call("/api/passkeys/rename", &fields).await
    };
    let answer = rename(&mut browser, &"x".repeat(81)).await;
    assert_eq!(answer.json(), json!({ "invalid": { "passkey_name": "too_long" } }));
    assert_eq!(rename(&mut browser, "Security key").await.status, 200);
    let mut eve = site.signed_in_browser(EVE).await;
    assert_eq!(rename(&mut eve, "Eve's").await.status, 200, "as if it were gone");
    assert_eq!(site.number("SELECT COUNT(*) FROM passkeys WHERE name = 'Security key'").await, 1);
    let signal = browser.call("/api/passkeys/signal", &[]).await.json();
    assert_eq!(signal["credential_ids"].as_array().unwrap().len(), 3);
    assert_eq!((&signal["name"], &signal["rp_id"]), (&json!(ADA), &json!("localhost")));
    assert_eq!(eve.call("/api/passkeys/signal", &[]).await.json(), Value::Null);
}

on_both!(v5_0_0__6_3_7__passkeys_are_announced_and_undone_by_the_notice);
async fn v5_0_0__6_3_7__passkeys_are_announced_and_undone_by_the_notice(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    site.mark_verified(ADA).await;
    site.mails().await;
    let mut kept = browser.add_passkey("Laptop").await;
    let added = site.mail().await;
    assert_eq!(added.subject, "Passkey added");
    assert!(added.text.contains("\"Laptop\""), "{}", added.text);
    let id = site.text("SELECT id FROM passkeys").await;
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let removed = site.mail().await;
    assert_eq!(removed.subject, "Passkey removed");
    // Until it can't be restored, no authenticator is told to forget it, except where it was removed.
    let answer = site.browser().sign_in_with(&mut kept).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!("passkey_refused")));
    for (fields, known) in [(vec![], true), (vec![("tells_removal", "true")], false)] {
        let signal = browser.call("/api/passkeys/signal", &fields).await.json();
        let ids = signal["credential_ids"].as_array().unwrap();
        assert_eq!(ids.contains(&json!(encode(&kept.id))), known, "{fields:?}");
    }
    let mut planted = browser.add_passkey("Intruder").await;
    site.mails().await;
    // The notice of the removal restores the one and removes the other.
    let mut owner = site.browser();
    owner.visit(&removed.not_me()).await;
    let answer = owner.call("/api/recovery/not-me", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut browser = site.browser();
    assert_eq!(browser.sign_in_with(&mut planted).await.json(), json!("passkey_unknown"));
    assert_eq!(browser.sign_in_with(&mut kept).await.status, 200);
}

on_both!(v5_0_0__6_1_1__passkeys_from_before_the_verification_are_dropped);
async fn v5_0_0__6_1_1__passkeys_from_before_the_verification_are_dropped(site: TestApp) {
    // Eve signs up with Ada's address, and Ada verifies it by the mailed link.
    let mut eve = site.browser();
    let mut planted = sign_up(&mut eve, ADA).await;
    eve.sign_in_with(&mut planted).await;
    eve.add_passkey("Another").await;
    let verification = site.mails().await.into_iter().next().unwrap();
    let mut ada = site.browser();
    let page = ada.visit(&verification.link()).await;
    assert!(page.shows("sign in first and then open this link again"), "{}", page.text());
    let answer = ada.call("/api/verification/confirm", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(!eve.is_signed_in().await);
    assert_eq!(eve.sign_in_with(&mut planted).await.json(), json!("passkey_unknown"));
    assert_eq!(site.number("SELECT COUNT(*) FROM passkeys").await, 0);
}

on_both!(lost_passkeys_are_removed_by_mail_after_the_waiting_period);
async fn lost_passkeys_are_removed_by_mail_after_the_waiting_period(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    site.mark_verified(ADA).await;
    let mut passkey = browser.add_passkey("Laptop").await;
    site.mails().await;
    let (mut pending, attempt) = site.pending_browser(ADA).await;
    let answer = pending.call("/api/sign-in/second-factor/lost", &[("attempt", &attempt)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mail = site.mail().await;
    // The owner finds the passkey after all: the removal stops.
    assert_eq!(site.browser().sign_in_with(&mut passkey).await.status, 200);
    site.clock.advance(86_401);
    let mut owner = site.browser();
    owner.visit(&mail.link()).await;
    let answer = owner.call("/api/recovery/factors", &[]).await;
    assert_eq!(answer.status, 410, "{}", answer.text());
    let (mut pending, attempt) = site.pending_browser(ADA).await;
    site.mails().await;
    pending.call("/api/sign-in/second-factor/lost", &[("attempt", &attempt)]).await;
    let mail = site.mail().await;
    site.clock.advance(86_401);
    owner.visit(&mail.link()).await;
    let answer = owner.call("/api/recovery/factors", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    site.browser().sign_in(ADA).await;
    // A security notice could still restore it.
    let answer = site.browser().sign_in_with(&mut passkey).await;
    assert_eq!(answer.json(), json!("passkey_refused"));
}

on_both!(a_required_passkey_stays_and_the_number_is_limited);
async fn a_required_passkey_stays_and_the_number_is_limited(engine: Engine) {
    let settings = "[second_factor]\nrequire = \"everyone\"\n[passkey]\nmost_per_user = 2\n";
    let site = TestApp::with_settings(engine, settings).await;
    let mut browser = site.signed_in_browser(ADA).await;
    browser.add_passkey("Laptop").await;
    let id = site.text("SELECT id FROM passkeys").await;
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("last_second_factor")));
    let challenge = browser.challenge("/api/passkeys/begin", &[]).await;
    browser.add_passkey("Phone").await;
    let answer = browser.call("/api/passkeys/begin", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("too_many_passkeys")));
    let passkey = SoftPasskey::new(&challenge, &browser.origin);
    let credential = passkey.register(&passkey.registration(&challenge));
    let answer = browser.finish_passkey(&challenge, &credential, "Third").await;
    assert_eq!(answer.json(), json!("too_many_passkeys"));
}

on_both!(v5_0_0__7_5_1__passkeys_change_only_after_a_recent_confirmation);
async fn v5_0_0__7_5_1__passkeys_change_only_after_a_recent_confirmation(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    let challenge = browser.challenge("/api/passkeys/begin", &[]).await;
    let passkey = SoftPasskey::new(&challenge, &browser.origin);
    let credential = passkey.register(&passkey.registration(&challenge));
    site.clock.advance(601);
    let page = browser.visit("/dashboard/add-passkey").await;
    assert!(browser.at.starts_with("/reauthenticate"), "{}", page.text());
    for (path, fields) in [
        ("/api/passkeys/begin", Vec::new()),
        (
            "/api/passkeys/add",
            vec![("token", challenge.token.as_str()), ("credential", &credential)],
        ),
        ("/api/passkeys/remove", vec![("id", "x")]),
        ("/api/passkeys/enable", vec![("id", "x")]),
    ] {
        let answer = browser.call(path, &fields).await;
        assert_eq!(answer.json(), json!("reauthenticate"), "{path}");
    }
    let fields = [("current_password", PASSWORD)];
    browser.call("/api/reauthentication/password", &fields).await;
    browser.add_passkey("Laptop").await;
    // From now on, the password does not confirm.
    site.clock.advance(601);
    let answer = browser.call("/api/reauthentication/password", &fields).await;
    assert_eq!(answer.json(), json!("second_factor_needed"));
}

on_both!(the_well_known_urls_name_pages_and_related_origins);
async fn the_well_known_urls_name_pages_and_related_origins(engine: Engine) {
    let site = TestApp::start(engine.clone()).await;
    let mut browser = site.browser();
    let answer = browser.visit("/.well-known/passkey-endpoints").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let expected = json!({
        "enroll": "http://localhost:3000/dashboard/add-passkey",
        "manage": "http://localhost:3000/dashboard/security",
    });
    assert_eq!(answer.json(), expected);
    for path in ["webauthn", "security.txt", "openid-configuration", ""] {
        let answer = browser.visit(&format!("/.well-known/{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let settings = "[passkey]\nrelated_origins = \"https://example.org https://example.net\"\n";
    let app = site.reopen(settings).await;
    let mut browser = browser.with_app(&app);
    let expected = json!({
        "origins": ["http://localhost:3000", "https://example.org", "https://example.net"],
    });
    assert_eq!(browser.visit("/.well-known/webauthn").await.json(), expected);
    // A page there signs in with a passkey of this site.
    let mut owner = site.signed_in_browser(ADA).await;
    let mut passkey = owner.add_passkey("Laptop").await;
    let challenge = browser.challenge("/api/sign-in/passkey/begin", &[]).await;
    let mut response = passkey.assertion(&challenge);
    response.origin = "https://example.net".to_owned();
    let answer = browser.send_passkey(&challenge, &passkey.sign(&response)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    // An IP address is no relying party: no passkeys, and nothing about them.
    let app = site.reopen("[site]\nurl = \"http://127.0.0.1:3000\"\n").await;
    let mut browser = Browser::new(portcullis::site::router(&app), "http://127.0.0.1:3000");
    for path in ["/.well-known/passkey-endpoints", "/dashboard/add-passkey"] {
        assert_eq!(browser.visit(path).await.status, 404, "{path}");
    }
    for page in ["/sign-in", "/sign-up?with=passkey"] {
        assert!(!browser.visit(page).await.shows("passkey"), "{page}");
    }
    for path in ["/api/sign-in/passkey/begin", "/api/sign-up/passkey/begin"] {
        assert_eq!(browser.call(path, &[("email", ADA)]).await.status, 404, "{path}");
    }
}

/// Lets the browser create a passkey by itself, as after a sign-in with a password.
async fn create_automatically(browser: &mut Browser) -> (SoftPasskey, u16, Value) {
    let begin = "/api/passkeys/begin-automatically";
    let challenge = browser.challenge(begin, &[]).await;
    let mut passkey = SoftPasskey::new(&challenge, &browser.origin);
    let mut response = passkey.registration(&challenge);
    // Nobody touched anything.
    response.flags &= !(USER_PRESENT | USER_VERIFIED);
    let credential = passkey.register(&response);
    let fields = [("token", challenge.token.as_str()), ("credential", &credential)];
    let answer = browser.call("/api/passkeys/add-automatically", &fields).await;
    passkey.counter = 0;
    (passkey, answer.status.as_u16(), answer.json())
}

on_both!(a_browser_may_create_a_passkey_by_itself_after_a_sign_in_with_a_password);
async fn a_browser_may_create_a_passkey_by_itself_after_a_sign_in_with_a_password(site: TestApp) {
    let begin = "/api/passkeys/begin-automatically";
    let mut browser = site.signed_in_browser(ADA).await;
    site.mark_verified(ADA).await;
    site.mails().await;
    let (mut passkey, status, answer) = create_automatically(&mut browser).await;
    assert_eq!((status, answer), (200, Value::Null));
    let mail = site.mail().await;
    assert!(mail.text.contains("your browser created the passkey"), "{}", mail.text);
    let page = browser.visit("/dashboard/security").await;
    assert!(page.shows("Created by your browser"), "{}", page.text());
    assert!(page.shows("Add a second factor first."), "nothing asks for one: {}", page.text());
    assert_eq!(browser.call(begin, &[]).await.json(), Value::Null, "one is enough");
    // It signs in, with user verification only; the password alone still does too.
    let mut other = site.browser();
    let challenge = other.challenge("/api/sign-in/passkey/begin", &[]).await;
    let mut response = passkey.assertion(&challenge);
    response.flags &= !USER_VERIFIED;
    let answer = other.send_passkey(&challenge, &passkey.sign(&response)).await;
    assert_eq!(answer.json(), json!("passkey_refused"));
    assert_eq!(other.sign_in_with(&mut passkey).await.status, 200);
    site.browser().sign_in(ADA).await;
    // Another passkey asks for a second factor, and the automatic one proves it.
    browser.add_passkey("Key").await;
    let (mut pending, attempt) = site.pending_browser(ADA).await;
    let (begin_factor, finish) =
        ("/api/sign-in/second-factor/passkey/begin", "/api/sign-in/second-factor/passkey");
    let challenge = pending.challenge(begin_factor, &[("attempt", &attempt)]).await;
    let response = passkey.assertion(&challenge);
    let credential = passkey.sign(&response);
    let fields =
        [("attempt", attempt.as_str()), ("token", &challenge.token), ("credential", &credential)];
    assert_eq!(pending.call(finish, &fields).await.status, 200);
    let keys = "SELECT id FROM passkeys WHERE name = 'Key'";
    let answer = browser.call("/api/passkeys/remove", &[("id", &site.text(keys).await)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // Removed, it is never created again.
    let id = site.text("SELECT id FROM passkeys WHERE is_automatic").await;
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    site.clock.advance(60 * 86_400);
    let mut browser = site.browser();
    browser.sign_in(ADA).await;
    assert_eq!(browser.call(begin, &[]).await.json(), Value::Null);
}

on_both!(a_browser_is_asked_once_a_month_and_only_with_a_fresh_password);
async fn a_browser_is_asked_once_a_month_and_only_with_a_fresh_password(site: TestApp) {
    let begin = "/api/passkeys/begin-automatically";
    let mut browser = site.signed_in_browser(ADA).await;
    let challenge = browser.challenge(begin, &[]).await;
    assert_eq!(browser.call(begin, &[]).await.json(), Value::Null, "asked already");
    // The challenge is for nothing else, and another user's does not count.
    let passkey = SoftPasskey::new(&challenge, &browser.origin);
    let credential = passkey.register(&passkey.registration(&challenge));
    let answer = browser.finish_passkey(&challenge, &credential, "Mine").await;
    assert_eq!(answer.json(), json!("passkey_expired"));
    let mut eve = site.signed_in_browser(EVE).await;
    let fields = [("token", challenge.token.as_str()), ("credential", &credential)];
    let answer = eve.call("/api/passkeys/add-automatically", &fields).await;
    assert_eq!(answer.json(), json!("passkey_expired"));
    site.clock.advance(29 * 86_400);
    let mut browser = site.browser();
    browser.sign_in(ADA).await;
    assert_eq!(browser.call(begin, &[]).await.json(), Value::Null);
    site.clock.advance(601);
    assert_eq!(browser.call(begin, &[]).await.json(), json!("reauthenticate"));
    site.clock.advance(86_400);
    let mut browser = site.browser();
    browser.sign_in(ADA).await;
    assert_eq!(browser.call(begin, &[]).await.json()["request"], "Create");
    // With a second factor, or without the setting, nothing is created.
    let (mut careful, _) = site.user_with_app("careful@example.com").await;
    assert_eq!(careful.call(begin, &[]).await.json(), Value::Null);
    for settings in [
        "[passkey]\nautomatic = \"off\"\n",
        // Those of password managers are usually synced.
        "[second_factor]\naccept = \"device-bound-passkeys\"\n",
    ] {
        let app = site.reopen(settings).await;
        let mut third = site.browser();
        third.cookies =
            site.signed_in_browser(&format!("user{}@example.com", settings.len())).await.cookies;
        assert_eq!(third.with_app(&app).call(begin, &[]).await.json(), Value::Null);
    }
}

on_both!(under_a_policy_an_automatic_passkey_is_the_second_factor);
async fn under_a_policy_an_automatic_passkey_is_the_second_factor(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    let (mut passkey, status, _) = create_automatically(&mut browser).await;
    assert_eq!(status, 200);
    let settings = "[second_factor]\nrequire = \"everyone\"\ngrace = \"none\"\n";
    let app = site.reopen(settings).await;
    let mut browser = site.browser().with_app(&app);
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/sign-in/second-factor");
    assert!(browser.visit("/sign-in/second-factor").await.shows("Use a passkey"));
    assert_eq!(browser.sign_in_with(&mut passkey).await.status, 200);
    assert!(browser.is_signed_in().await, "nothing is left to set up");
    // It also confirms the identity.
    let page = browser.visit("/reauthenticate?next=/dashboard/sessions").await;
    assert!(page.shows("Use a passkey"), "{}", page.text());
    // Beside it, an app is one more factor, which may go.
    browser.add_app(&site, "Phone").await;
    let id = site.text("SELECT id FROM authenticator_apps").await;
    let answer = browser.call("/api/authenticator-apps/remove", &[("id", &id)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = site.text("SELECT id FROM passkeys").await;
    let answer = browser.call("/api/passkeys/remove", &[("id", &id)]).await;
    assert_eq!(answer.json(), json!("last_second_factor"));
}
