//! Changing an email address: verified by the new one, announced to the old one and reverted from there.

use crate::support::{ADA, Browser, EVE, OTHER_PASSWORD, ReceivedMail, TestApp};

const CHANGE: &str = "/api/verification/change";
const FINISH: &str = "/api/verification/finish-change";
const NEW: &str = "ada@new.example.com";

/// Returns a browser of Ada, whose email address is verified.
async fn verified_browser(app: &TestApp) -> Browser {
    let mut browser = app.signed_in_browser(ADA).await;
    let link = app.mail().await.link();
    browser.get(&link).await;
    assert_eq!(browser.call("/api/verification/confirm", &[]).await.status, 200);
    browser
}

/// Changes the email address of the browser's user. Returns the mail sent to the old one.
async fn change_email(app: &TestApp, browser: &mut Browser, email: &str) -> ReceivedMail {
    assert_eq!(browser.call(CHANGE, &[("email", email)]).await.status, 200);
    let link = app.mail().await.link();
    browser.get(&link).await;
    assert_eq!(browser.call(FINISH, &[]).await.status, 200);
    app.mail().await
}

on_both!(v5_0_0__6_3_7__an_email_change_is_confirmed_by_a_link_and_announced_to_the_old_email);
async fn v5_0_0__6_3_7__an_email_change_is_confirmed_by_a_link_and_announced_to_the_old_email(
    app: TestApp,
) {
    let mut browser = verified_browser(&app).await;
    browser.visit("/dashboard/profile").await;
    let page = browser.post_form(CHANGE, &[("email", NEW)]).await;
    assert!(page.shows("We sent a link to the new email address."), "{}", page.text());
    let mail = app.mail().await;
    assert_eq!(mail.to, NEW);
    browser.visit("/dashboard/profile").await;
    assert_eq!(app.text("SELECT email FROM users").await, ADA, "not yet");

    let page = browser.visit(&mail.link()).await;
    assert!(page.shows("Verify your new email address") && page.shows(NEW), "{}", page.text());
    let page = browser.post_form(FINISH, &[]).await;
    assert_eq!(browser.at, "/dashboard/profile");
    assert!(page.shows("Email address changed.") && page.shows(NEW));
    let told = app.mail().await;
    assert_eq!((told.to.as_str(), told.subject.as_str()), (ADA, "Your email address was changed"));
    assert!(told.text.contains(NEW));
    app.browser().sign_in(NEW).await;
    assert_eq!(app.browser().try_sign_in(ADA, crate::support::PASSWORD).await.alerts(), 1);
    // A second click shows that the change is done.
    assert!(browser.visit(&mail.link()).await.shows("Email address changed"));
}

on_both!(cve_2026_32700__a_second_email_change_invalidates_the_first);
async fn cve_2026_32700__a_second_email_change_invalidates_the_first(app: TestApp) {
    let mut browser = verified_browser(&app).await;
    browser.call(CHANGE, &[("email", EVE)]).await;
    let first = app.mail().await.link();
    browser.call(CHANGE, &[("email", NEW)]).await;
    let second = app.mail().await.link();
    assert_eq!(browser.visit(&first).await.status, 410);
    assert_eq!(browser.call(FINISH, &[]).await.status, 410);
    browser.get(&second).await;
    assert_eq!(browser.call(FINISH, &[]).await.status, 200);
    assert_eq!(app.text("SELECT email FROM users").await, NEW);
}

on_both!(the_old_email_can_revert_a_change_and_the_new_email_cannot_undo_that);
async fn the_old_email_can_revert_a_change_and_the_new_email_cannot_undo_that(app: TestApp) {
    let mut thief = verified_browser(&app).await;
    let told = change_email(&app, &mut thief, EVE).await;
    // The thief has now received security notices too.
    let fields = [("current_password", crate::support::PASSWORD), ("new_password", OTHER_PASSWORD)];
    assert_eq!(thief.call("/api/password/change", &fields).await.status, 200);
    let theirs = app.mail().await;
    assert_eq!(theirs.to, EVE);

    app.clock.advance(6 * 86400);
    let mut owner = app.browser();
    let page = owner.visit(&told.not_me()).await;
    assert!(page.shows("Secure your account") && page.shows(ADA), "{}", page.text());
    assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
    assert_eq!(app.text("SELECT email FROM users").await, ADA);
    assert!(!thief.is_signed_in().await);
    assert_eq!(thief.visit(&theirs.not_me()).await.status, 410, "no way back for the thief");
    let link = app.mail().await;
    assert_eq!(link.to, ADA);
    owner.get(&link.link()).await;
    let chosen = [("new_password", "what only Ada knows now")];
    assert_eq!(owner.call("/api/recovery/finish", &chosen).await.status, 200);
    owner.try_sign_in(ADA, "what only Ada knows now").await;
    assert_eq!(owner.at, "/dashboard");
}

on_both!(the_old_email_can_revert_a_change_after_the_new_email_used_its_not_me_link);
async fn the_old_email_can_revert_a_change_after_the_new_email_used_its_not_me_link(app: TestApp) {
    let mut thief = verified_browser(&app).await;
    let told = change_email(&app, &mut thief, EVE).await;
    let fields = [("current_password", crate::support::PASSWORD), ("new_password", OTHER_PASSWORD)];
    thief.call("/api/password/change", &fields).await;
    let theirs = app.mail().await;
    thief.get(&theirs.not_me()).await;
    assert_eq!(thief.call("/api/recovery/not-me", &[]).await.status, 200);
    app.mails().await;
    let mut owner = app.browser();
    owner.get(&told.not_me()).await;
    assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
    assert_eq!(app.text("SELECT email FROM users").await, ADA);
}

on_both!(an_unverified_old_email_gets_no_notice_and_its_links_stop_working);
async fn an_unverified_old_email_gets_no_notice_and_its_links_stop_working(app: TestApp) {
    let mut browser = app.signed_in_browser(EVE).await;
    app.mails().await;
    app.browser().sign_in(EVE).await;
    let earlier = app.mail().await;
    assert_eq!(earlier.to, EVE);
    browser.call(CHANGE, &[("email", ADA)]).await;
    let link = app.mail().await.link();
    browser.get(&link).await;
    assert_eq!(browser.call(FINISH, &[]).await.status, 200);
    assert!(app.mails().await.is_empty(), "nothing goes to the stranger");
    assert_eq!(
        app.browser().visit(&earlier.not_me()).await.status,
        410,
        "nor is what went there good"
    );
}

on_both!(a_taken_email_is_revealed_only_through_the_link_mailed_to_it);
async fn a_taken_email_is_revealed_only_through_the_link_mailed_to_it(app: TestApp) {
    let mut browser = verified_browser(&app).await;
    let mut eve = app.signed_in_browser(EVE).await;
    eve.get(&app.mail().await.link()).await;
    assert_eq!(eve.call("/api/verification/confirm", &[]).await.status, 200);
    let mut seen = Vec::new();
    for email in [EVE, NEW] {
        let answer = browser.call(CHANGE, &[("email", email)]).await;
        seen.push(answer.comparable(email));
    }
    assert_eq!(seen[0], seen[1]);
    browser.call(CHANGE, &[("email", EVE)]).await;
    let link = app.mails().await.pop().unwrap().link();
    browser.visit(&link).await;
    let page = browser.post_form(FINISH, &[]).await;
    assert!(page.shows("This email address belongs to another account."), "{}", page.text());
    assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE email = 'ada@example.com'").await, 1);
}

on_both!(v5_0_0__2_2_1__an_invalid_new_email_is_refused_at_its_field);
async fn v5_0_0__2_2_1__an_invalid_new_email_is_refused_at_its_field(app: TestApp) {
    let mut browser = verified_browser(&app).await;
    browser.at = "/dashboard/profile".to_owned();
    let long = format!("{}@example.com", "a".repeat(300));
    for (email, sentence) in [
        (ADA, "This is already your email address."),
        ("", "Enter your email address."),
        ("a@b.com\r\nBcc: x@y.com", "Enter an email address like"),
        ("a\0@b.com", "Enter an email address like"),
        ("аdа@example.com", "Use only unaccented letters"),
        (&long, "This email address is too long."),
    ] {
        let page = browser.post_form(CHANGE, &[("email", email)]).await;
        let problem = page.problem_at("email").unwrap_or_default();
        assert!(problem.contains(sentence), "{email:?}: {problem}");
    }
    assert!(app.mails().await.is_empty());
}

on_both!(a_password_change_recovery_or_ending_sessions_cancels_a_pending_email_change);
async fn a_password_change_recovery_or_ending_sessions_cancels_a_pending_email_change(
    app: TestApp,
) {
    let mut owner = verified_browser(&app).await;
    let change = async |thief: &mut Browser| {
        assert_eq!(thief.call(CHANGE, &[("email", EVE)]).await.status, 200);
        app.mail().await.link()
    };
    let mut thief = owner.clone();
    let link = change(&mut thief).await;
    let fields = [("current_password", crate::support::PASSWORD), ("new_password", OTHER_PASSWORD)];
    assert_eq!(owner.call("/api/password/change", &fields).await.status, 200);
    assert_eq!(app.browser().visit(&link).await.status, 410);
    app.mails().await;
    let link = change(&mut owner.clone()).await;
    assert_eq!(owner.call("/api/sessions/end-others", &[]).await.status, 200);
    assert_eq!(app.browser().visit(&link).await.status, 410);
    let link = change(&mut owner.clone()).await;
    let mut browser = app.browser();
    browser.call("/api/recovery/ask", &[("email", ADA)]).await;
    browser.get(&app.mail().await.link()).await;
    let chosen = [("new_password", "yet another of Ada's own")];
    assert_eq!(browser.call("/api/recovery/finish", &chosen).await.status, 200);
    assert_eq!(app.browser().visit(&link).await.status, 410);
}

on_both!(an_email_change_cannot_be_finished_signed_out_or_by_another_user);
async fn an_email_change_cannot_be_finished_signed_out_or_by_another_user(app: TestApp) {
    let mut thief = verified_browser(&app).await;
    let mut victim = app.signed_in_browser(EVE).await;
    app.mails().await;
    thief.call(CHANGE, &[("email", NEW)]).await;
    let link = app.mail().await.link();
    let mut stranger = app.browser();
    let page = stranger.visit(&link).await;
    assert!(page.shows("Sign in to your account, then open this link again"), "{}", page.text());
    assert_eq!(stranger.call(FINISH, &[]).await.status, 401);
    victim.visit(&link).await;
    assert_eq!(victim.call(FINISH, &[]).await.status, 410);
    assert_eq!(
        app.number("SELECT COUNT(*) FROM users WHERE email = 'ada@new.example.com'").await,
        0
    );
}

on_both!(another_account_with_the_old_email_does_not_block_a_revert);
async fn another_account_with_the_old_email_does_not_block_a_revert(app: TestApp) {
    let mut thief = verified_browser(&app).await;
    let told = change_email(&app, &mut thief, EVE).await;
    app.browser().sign_up(ADA).await;
    app.mails().await;
    let mut owner = app.browser();
    owner.get(&told.not_me()).await;
    assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
    assert!(!thief.is_signed_in().await);
    owner.get(&app.mail().await.link()).await;
    let chosen = [("new_password", "what only Ada knows now")];
    assert_eq!(owner.call("/api/recovery/finish", &chosen).await.status, 200);
    owner.try_sign_in(ADA, "what only Ada knows now").await;
    assert_eq!(owner.at, "/dashboard");
    // If another user has verified the old email address since, everything else is still restored.
    app.mails().await;
    let mut thief = owner;
    let told = change_email(&app, &mut thief, NEW).await;
    let mut other = app.browser();
    other.sign_up(ADA).await;
    other.sign_in(ADA).await;
    let link = app.mail().await.link();
    other.get(&link).await;
    assert_eq!(other.call("/api/verification/confirm", &[]).await.status, 200);
    let mut owner = app.browser();
    owner.get(&told.not_me()).await;
    assert_eq!(owner.call("/api/recovery/not-me", &[]).await.status, 200);
    assert!(!thief.is_signed_in().await && other.is_signed_in().await);
}

on_both!(an_email_change_to_a_domain_outside_the_allowed_ones_is_refused);
async fn an_email_change_to_a_domain_outside_the_allowed_ones_is_refused(
    engine: crate::support::Engine,
) {
    let settings = "[sign_up]\nmode = \"domains\"\ndomains = \"example.com\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    browser.try_sign_in(ADA, crate::support::PASSWORD).await;
    assert_eq!(browser.at, "/verify-address", "an address of a domain is proven first");
    let answer = browser.call(CHANGE, &[("email", "ada@elsewhere.org")]).await;
    assert_eq!(answer.json()["invalid"]["email"], "other_domain");
    assert_eq!(browser.call(CHANGE, &[("email", EVE)]).await.status, 200);
}
