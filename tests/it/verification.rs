//! Verifying an email address, and the access that it revokes.

use crate::support::social::finish_sign_up;
use crate::support::{ADA, EVE, Engine, OTHER_PASSWORD, PASSWORD, ProviderUser, Social, TestApp};

const CONFIRM: &str = "/api/verification/confirm";
const RESEND: &str = "/api/verification/resend";

on_both!(v5_0_0__6_3_8__a_new_user_verifies_the_email_with_a_mailed_link);
async fn v5_0_0__6_3_8__a_new_user_verifies_the_email_with_a_mailed_link(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mail = app.mail().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (ADA, "Verify your email address"));
    let banner = "Verify your email address: open the link we sent to";
    assert!(browser.visit("/dashboard").await.shows(banner));

    let page = browser.visit(&mail.link()).await;
    assert!(page.shows("Verify your email address") && page.shows(ADA), "{}", page.text());
    assert!(!page.shows("Password"), "who is signed in is not asked for it");
    let page = browser.post_form(CONFIRM, &[]).await;
    assert_eq!(browser.at, "/dashboard");
    assert!(page.shows("Your email address is verified.") && !page.shows(banner));
    // The owner's password still works.
    app.browser().sign_in(ADA).await;

    let again = browser.visit(&mail.link()).await;
    assert_eq!(again.status, 200);
    assert!(again.shows("Email address verified") && again.shows("There is nothing left to do."));
    let stranger = app.browser().visit(&mail.link()).await;
    assert_eq!(stranger.status, 410);
}

on_both!(a_resent_link_replaces_the_earlier_one);
async fn a_resent_link_replaces_the_earlier_one(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let first = app.mail().await.link();
    let page = browser.post_form(RESEND, &[]).await;
    assert!(page.shows("We sent a link to your email address."), "{}", page.text());
    let second = app.mail().await.link();
    assert_eq!(browser.visit(&first).await.status, 410);
    browser.visit(&second).await;
    assert!(browser.post_form(CONFIRM, &[]).await.shows("Your email address is verified."));
    let page = browser.post_form(RESEND, &[]).await;
    assert!(page.shows("Your email address is verified."));
    assert!(app.mails().await.is_empty());
}

on_both!(the_owner_can_verify_in_another_browser_and_keep_the_password);
async fn the_owner_can_verify_in_another_browser_and_keep_the_password(app: TestApp) {
    let mut laptop = app.signed_in_browser(ADA).await;
    let link = app.mail().await.link();
    let mut phone = app.browser();
    let page = phone.visit(&link).await;
    assert!(page.shows("Password (optional)"), "{}", page.text());
    let page = phone.post_form(CONFIRM, &[("current_password", OTHER_PASSWORD)]).await;
    assert!(page.problem_at("current_password").is_some(), "{}", page.text());
    let page = phone.post_form(CONFIRM, &[("current_password", PASSWORD)]).await;
    assert_eq!(phone.at, "/sign-in");
    assert!(page.shows("Your email address is verified."));
    assert!(laptop.is_signed_in().await);
    phone.sign_in(ADA).await;
}

on_both!(verification_removes_what_a_stranger_set_up_before);
async fn verification_removes_what_a_stranger_set_up_before(site: Social) {
    let app = &site.app;
    // A stranger signs up with Ada's email address, stays signed in, links an account of their own, and
    // starts to change the email address.
    let mut thief = app.signed_in_browser(ADA).await;
    let link = app.mail().await.link();
    site.link_account(&mut thief, "idp", &ProviderUser::named("eve")).await;
    assert_eq!(site.count_linked_accounts().await, 1);
    thief.call("/api/verification/change", &[("email", EVE)]).await;
    let change = app.mails().await.pop().unwrap();
    assert_eq!(change.to, EVE);

    let mut owner = app.browser();
    owner.visit(&link).await;
    let page = owner.post_form(CONFIRM, &[]).await;
    assert_eq!(owner.at, "/ticket");
    assert!(
        page.shows("Your email address is verified. Now choose a password."),
        "{}",
        page.text()
    );
    assert!(!thief.is_signed_in().await, "their session");
    assert_eq!(app.browser().try_sign_in(ADA, PASSWORD).await.alerts(), 1, "their password");
    assert_eq!(site.count_linked_accounts().await, 0, "their provider");
    assert_eq!(app.browser().visit(&change.link()).await.status, 410, "their change of address");

    owner.post_form("/api/recovery/finish", &[("new_password", OTHER_PASSWORD)]).await;
    assert_eq!(owner.at, "/sign-in");
    owner.try_sign_in(ADA, OTHER_PASSWORD).await;
    assert_eq!(owner.at, "/dashboard");
}

on_both!(a_site_can_require_a_verified_email_for_the_dashboard);
async fn a_site_can_require_a_verified_email_for_the_dashboard(engine: Engine) {
    let app = TestApp::with_settings(engine, "[sign_up]\nverification = \"required\"\n").await;
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let link = app.mail().await.link();
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/verify-address");
    for path in ["/dashboard", "/dashboard/sessions", "/dashboard/profile"] {
        browser.visit(path).await;
        assert_eq!(browser.at, "/verify-address");
    }
    let answer = browser.call("/api/sessions", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, "unverified_address".into()));
    browser.visit("/verify-address").await;
    let page = browser.post_form(RESEND, &[]).await;
    assert!(page.shows("We sent a link to your email address."), "{}", page.text());
    assert_eq!(browser.visit(&link).await.status, 410);
    browser.visit(&app.mail().await.link()).await;
    browser.post_form(CONFIRM, &[]).await;
    assert_eq!(browser.at, "/dashboard");
}

on_both!(a_user_without_an_email_must_add_one_if_the_site_requires_it);
async fn a_user_without_an_email_must_add_one_if_the_site_requires_it(engine: Engine) {
    let site = Social::with_settings(engine, "[sign_up]\nverification = \"required\"\n").await;
    let mut browser = site.app.browser();
    let there = browser.start_sign_in_at("idp").await;
    let person = ProviderUser::named("nameless");
    browser.visit(&site.idp.consent(&there, &person)).await;
    let page = finish_sign_up(&mut browser, &person).await.unwrap();
    assert_eq!(browser.at, "/verify-address");
    assert!(page.shows("We sent a link to your email address."), "{}", page.text());
    assert_eq!(browser.call("/api/sessions", &[]).await.status, 403);
    assert_eq!(site.app.mail().await.to, "nameless@typed.example.com");
    let page = browser.post_form("/api/verification/change", &[("email", "x")]).await;
    assert_eq!(browser.at, "/verify-address");
    assert!(page.problem_at("email").is_some(), "{}", page.text());
    let page = browser.post_form("/api/verification/change", &[("email", ADA)]).await;
    assert!(page.shows("We sent a link to the new email address."), "{}", page.text());
    browser.visit(&site.app.mail().await.link()).await;
    browser.post_form("/api/verification/finish-change", &[]).await;
    assert_eq!(browser.at, "/dashboard/profile");
}
