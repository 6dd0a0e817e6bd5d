//! Verifying an email address, and the access that it revokes.

use crate::support::{ADA, EVE, Engine, OTHER_PASSWORD, PASSWORD, Person, Social, TestApp};

const CONFIRM: &str = "/api/verification/confirm";
const RESEND: &str = "/api/verification/resend";

on_both!(v5_0_0__6_3_8__a_new_user_verifies_the_email_with_a_mailed_link);
async fn v5_0_0__6_3_8__a_new_user_verifies_the_email_with_a_mailed_link(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    let mail = app.mail().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (ADA, "Confirm your e-mail address"));
    assert!(browser.visit("/dashboard").await.says("Confirm your address: we've sent a link"));

    let page = browser.visit(&mail.link()).await;
    assert!(page.says("Confirm your address") && page.says(ADA), "{}", page.text());
    assert!(!page.says("Password"), "who is signed in is not asked for it");
    let page = browser.post_form(CONFIRM, &[]).await;
    assert_eq!(browser.at, "/dashboard");
    assert!(page.says("Your address is confirmed.") && !page.says("we've sent a link"));
    // The owner's password still works.
    app.browser().signs_in(ADA).await;

    let again = browser.visit(&mail.link()).await;
    assert_eq!(again.status, 200);
    assert!(again.says("That is done") && again.says("Your address is confirmed."));
    let stranger = app.browser().visit(&mail.link()).await;
    assert_eq!(stranger.status, 410);
}

on_both!(a_resent_link_replaces_the_earlier_one);
async fn a_resent_link_replaces_the_earlier_one(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    let first = app.mail().await.link();
    let page = browser.post_form(RESEND, &[]).await;
    assert!(page.says("A link is on its way to your address."), "{}", page.text());
    let second = app.mail().await.link();
    assert_eq!(browser.visit(&first).await.status, 410);
    browser.visit(&second).await;
    assert!(browser.post_form(CONFIRM, &[]).await.says("Your address is confirmed."));
    let page = browser.post_form(RESEND, &[]).await;
    assert!(page.says("Your address is confirmed."));
    assert!(app.mails().await.is_empty());
}

on_both!(the_owner_can_verify_in_another_browser_and_keep_the_password);
async fn the_owner_can_verify_in_another_browser_and_keep_the_password(app: TestApp) {
    let mut laptop = app.browser_of(ADA).await;
    let link = app.mail().await.link();
    let mut phone = app.browser();
    let page = phone.visit(&link).await;
    assert!(page.says("Password (optional)"), "{}", page.text());
    let page = phone.post_form(CONFIRM, &[("current_password", OTHER_PASSWORD)]).await;
    assert!(page.problem_at("current_password").is_some(), "{}", page.text());
    let page = phone.post_form(CONFIRM, &[("current_password", PASSWORD)]).await;
    assert_eq!(phone.at, "/sign-in");
    assert!(page.says("Your address is confirmed."));
    assert!(laptop.is_signed_in().await);
    phone.signs_in(ADA).await;
}

on_both!(verification_removes_what_a_stranger_set_up_before);
async fn verification_removes_what_a_stranger_set_up_before(site: Social) {
    let app = &site.app;
    // A stranger signs up with Ada's email address, stays signed in, links an account of their own, and
    // starts to change the email address.
    let mut thief = app.browser_of(ADA).await;
    let link = app.mail().await.link();
    site.links(&mut thief, "idp", &Person::named("eve")).await;
    assert_eq!(site.links_kept().await, 1);
    thief.call("/api/verification/change", &[("email", EVE)]).await;
    let change = app.mails().await.pop().unwrap();
    assert_eq!(change.to, EVE);

    let mut owner = app.browser();
    owner.visit(&link).await;
    let page = owner.post_form(CONFIRM, &[]).await;
    assert_eq!(owner.at, "/ticket");
    assert!(page.says("Your address is confirmed. Now choose a password."), "{}", page.text());
    assert!(!thief.is_signed_in().await, "their session");
    assert_eq!(app.browser().tries(ADA, PASSWORD).await.alerts(), 1, "their password");
    assert_eq!(site.links_kept().await, 0, "their provider");
    assert_eq!(app.browser().visit(&change.link()).await.status, 410, "their change of address");

    owner.post_form("/api/recovery/finish", &[("new_password", OTHER_PASSWORD)]).await;
    assert_eq!(owner.at, "/sign-in");
    owner.tries(ADA, OTHER_PASSWORD).await;
    assert_eq!(owner.at, "/dashboard");
}

on_both!(a_site_can_require_a_verified_email_for_the_dashboard);
async fn a_site_can_require_a_verified_email_for_the_dashboard(engine: Engine) {
    let app = TestApp::with(engine, "[sign_up]\nverification = \"required\"\n").await;
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let link = app.mail().await.link();
    browser.tries(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/verify-address");
    for path in ["/dashboard", "/dashboard/sessions", "/dashboard/profile"] {
        browser.visit(path).await;
        assert_eq!(browser.at, "/verify-address");
    }
    let answer = browser.call("/api/sessions", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, "unverified_address".into()));
    browser.visit("/verify-address").await;
    let page = browser.post_form(RESEND, &[]).await;
    assert!(page.says("A link is on its way to your address."), "{}", page.text());
    assert_eq!(browser.visit(&link).await.status, 410);
    browser.visit(&app.mail().await.link()).await;
    browser.post_form(CONFIRM, &[]).await;
    assert_eq!(browser.at, "/dashboard");
}

on_both!(a_user_without_an_email_must_add_one_if_the_site_requires_it);
async fn a_user_without_an_email_must_add_one_if_the_site_requires_it(engine: Engine) {
    let site = Social::with(engine, "[sign_up]\nverification = \"required\"\n").await;
    let mut browser = site.app.browser();
    let there = browser.begins_at("idp").await;
    browser.visit(&site.idp.says_yes(&there, &Person::named("nameless"))).await;
    assert_eq!(browser.at, "/verify-address");
    assert_eq!(browser.call("/api/sessions", &[]).await.status, 403);
    let page = browser.post_form("/api/verification/change", &[("email", "x")]).await;
    assert_eq!(browser.at, "/verify-address");
    assert!(page.problem_at("email").is_some(), "{}", page.text());
    let page = browser.post_form("/api/verification/change", &[("email", ADA)]).await;
    assert!(page.says("A link is on its way to the new address."), "{}", page.text());
    browser.visit(&site.app.mail().await.link()).await;
    browser.post_form("/api/verification/finish-change", &[]).await;
    assert_eq!(browser.at, "/dashboard/profile");
}
