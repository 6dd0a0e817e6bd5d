//! Sign-in attempts, and the proofs behind each session.

use portcullis::proof::Method;
use portcullis::proof::server::Proof;
use portcullis::server::Error;
use portcullis::sign_in::server::{Attempt, Intent, LIFETIME, advance};
use portcullis::user::server::Owner;

use crate::support::{ADA, EVE, PASSWORD, ProviderUser, Social, TestApp};

const METHODS: &str = "SELECT methods FROM sessions";

const SIGNED_IN: &str = "SELECT MAX(about) FROM audit_events WHERE kind = 'signed_in'";
const CONFIRMED: &str = "SELECT MAX(about) FROM audit_events WHERE kind = 'reauthenticated'";
const REFUSED: &str = "SELECT MAX(about) FROM audit_events WHERE kind = 'reauthentication_refused'";

on_both!(v5_0_0__16_2_1__a_session_records_its_authentication_methods);
async fn v5_0_0__16_2_1__a_session_records_its_authentication_methods(site: Social) {
    let app = &site.app;
    let person = ProviderUser::named("ada").with_email(ADA, true);
    let mut browser = site.signed_in_browser("idp", &person).await;
    assert_eq!(app.text(METHODS).await, "provider:idp");
    assert_eq!(app.text(SIGNED_IN).await, "idp");
    let page = browser.get("/dashboard/sessions").await;
    assert!(page.shows("Signed in with idp"), "{}", page.text());

    let change = [("current_password", ""), ("new_password", PASSWORD)];
    assert_eq!(browser.call("/api/password/change", &change).await.status, 200);
    let fields = [("current_password", PASSWORD), ("next", "/dashboard")];
    assert_eq!(browser.call("/api/reauthentication/password", &fields).await.status, 200);
    assert_eq!(app.text(METHODS).await, "provider:idp password", "once each, in their order");
    assert_eq!(app.text(CONFIRMED).await, "password");
    let page = browser.get("/dashboard/sessions").await;
    assert!(page.shows("Signed in with idp, password"), "{}", page.text());
    let export = browser.post("/api/export", &[]).await.json();
    assert_eq!(export["sessions"][0]["methods"], "provider:idp password");

    let mut root = app.administrator("root@example.com").await;
    let user = format!("/admin/user?id={}", app.id_of(ADA).await);
    let page = root.get(&user).await;
    assert!(page.shows("Signed in with idp, password"), "{}", page.text());

    // A session from before methods were recorded shows none.
    app.run("UPDATE sessions SET methods = ''").await;
    let page = browser.get("/dashboard/sessions").await;
    assert!(page.shows("Signed in just now") && !page.shows("Signed in with"), "{}", page.text());
}

on_both!(a_sign_in_by_password_or_mail_records_its_method);
async fn a_sign_in_by_password_or_mail_records_its_method(app: TestApp) {
    app.signed_in_browser(ADA).await;
    assert_eq!(app.text(METHODS).await, "password");
    assert_eq!(app.text(SIGNED_IN).await, "password");
    app.run("DELETE FROM sessions").await;
    app.mails().await;
    let mut browser = app.browser();
    browser.post_form("/api/sign-in/mail", &[("email", ADA)]).await;
    let mail = app.mail().await;
    let code: String = mail.subject.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(browser.call("/api/sign-in/code", &[("code", &code)]).await.status, 200);
    assert_eq!(app.text(METHODS).await, "email");
    let attempts = "SELECT COUNT(*) FROM sign_in_attempts";
    assert_eq!(app.number(attempts).await, 0, "a used attempt is gone, and what waited for it");
    assert_eq!(app.number("SELECT COUNT(*) FROM mailed_sign_ins").await, 0);
}

async fn store_attempt(app: &TestApp, attempt: &Attempt, browser: &str) -> String {
    let mut tx = app.app.db.begin().await.unwrap();
    let id = attempt.store(&app.app, &mut tx, browser, LIFETIME).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn take_attempt(app: &TestApp, id: &str, browser: &str) -> Option<Attempt> {
    let mut tx = app.app.db.begin().await.unwrap();
    let attempt = Attempt::take(&app.app, &mut tx, id, browser).await.unwrap();
    tx.commit().await.unwrap();
    attempt
}

on_both!(v5_0_0__6_3_3__an_attempt_is_usable_once_before_it_expires_and_only_by_its_browser);
async fn v5_0_0__6_3_3__an_attempt_is_usable_once_before_it_expires_and_only_by_its_browser(
    app: TestApp,
) {
    app.signed_in_browser(ADA).await;
    let owner = Owner { user_id: app.id_of(ADA).await.into(), epoch: 0 };
    let intent = Intent::sign_in("/dashboard/sessions?x=1", true);
    let mut attempt = Attempt { expected: Some(owner.clone()), ..Attempt::new(intent.clone()) };
    attempt.proofs.add(Method::Password, 1000);
    attempt.proofs.add(Method::Provider { name: "idp".to_owned(), is_multi_factor: false }, 900);
    let id = store_attempt(&app, &attempt, "key").await;
    assert!(!app.all_rows().await.join("\n").contains("\"key\""), "its key is kept as a digest");
    assert!(take_attempt(&app, &id, "another").await.is_none());
    assert!(take_attempt(&app, "none", "key").await.is_none());
    let taken = take_attempt(&app, &id, "key").await.unwrap();
    assert_eq!((taken.intent, taken.expected), (intent, Some(owner)));
    assert_eq!(taken.proofs, attempt.proofs);
    assert!(take_attempt(&app, &id, "key").await.is_none(), "used");

    let id = store_attempt(&app, &attempt, "key").await;
    app.clock.advance(LIFETIME);
    assert!(take_attempt(&app, &id, "key").await.is_none(), "expired");
    portcullis::server::jobs::run_sweeps(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM sign_in_attempts").await, 0);

    // If many take it at once, only one gets it.
    let id = store_attempt(&app, &attempt, "key").await;
    let racers = (0..8).map(|_| take_attempt(&app, &id, "key"));
    let taken = futures_util::future::join_all(racers).await;
    assert_eq!(taken.iter().flatten().count(), 1);
}

on_both!(v5_0_0__7_5_3__a_proof_of_another_user_starts_no_session);
async fn v5_0_0__7_5_3__a_proof_of_another_user_starts_no_session(app: TestApp) {
    app.signed_in_browser(EVE).await;
    app.signed_in_browser(ADA).await;
    let owner = |id: String| Owner { user_id: id.into(), epoch: 0 };
    let (ada, eve) = (owner(app.id_of(ADA).await), owner(app.id_of(EVE).await));
    let before = app.count_sessions().await;
    let cx = app.context();
    let attempt = Attempt { expected: Some(ada), ..Attempt::new(Intent::sign_in("", false)) };
    let proof = Proof::new(Method::Password, eve, app.clock.now());
    let refused = advance(&cx, attempt, proof).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused}");
    assert_eq!(app.count_sessions().await, before);
    assert!(cx.find_user().await.unwrap().is_none());
}

on_both!(v5_0_0__16_3_1__reauthenticating_as_another_provider_account_is_refused_and_recorded);
async fn v5_0_0__16_3_1__reauthenticating_as_another_provider_account_is_refused_and_recorded(
    site: Social,
) {
    let app = &site.app;
    let mut browser = site.signed_in_browser("idp", &ProviderUser::named("ada")).await;
    browser.at = "/reauthenticate?next=/dashboard/profile".to_owned();
    let authorize = browser.start_at_provider("/api/reauthentication/provider", "idp").await;
    browser.visit(&site.idp.consent(&authorize, &ProviderUser::named("eve"))).await;
    assert_eq!(browser.at, "/reauthenticate?next=/dashboard");
    assert_eq!(app.text(REFUSED).await, "idp");
    assert_eq!(app.text(METHODS).await, "provider:idp");
}
