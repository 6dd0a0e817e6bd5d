//! Recovery: resetting a password by mail, and the link that secures an account.

use crate::support::{ADA, EVE, OTHER_PASSWORD, PASSWORD, TestApp};

const ASK: &str = "/api/recovery/ask";
const FINISH: &str = "/api/recovery/finish";
const NOT_ME: &str = "/api/recovery/not-me";
const SENT: &str = "If that email address has an account, we sent a link to it.";
const GONE: &str = "It has expired, was already used, or is incomplete.";

on_both!(v5_0_0__6_4_3__a_password_is_reset_by_mail);
async fn v5_0_0__6_4_3__a_password_is_reset_by_mail(app: TestApp) {
    let mut before = app.signed_in_browser(ADA).await;
    app.mails().await;
    let mut browser = app.browser();
    browser.visit("/recovery").await;
    assert!(browser.post_form(ASK, &[("email", "ADA@example.com")]).await.shows(SENT));
    let mail = app.mail().await;
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (ADA, "Reset your password"));

    // Opening the link changes nothing, and the ticket leaves the address bar.
    let arrived = browser.get(&mail.link()).await;
    assert!(arrived.location().is_some_and(|it| it.starts_with("/ticket?cookies=")));
    assert_eq!(arrived.header("referrer-policy"), "no-referrer");
    let page = browser.follow(arrived).await;
    assert_eq!(browser.at, "/ticket");
    assert!(page.shows("Reset your password") && page.shows(ADA), "{}", page.text());
    assert!(!page.text().contains(&mail.link()[9..]), "the page holds no ticket");
    assert!(before.is_signed_in().await);

    let page = browser.post_form(FINISH, &[("new_password", "short")]).await;
    assert_eq!(browser.at, "/ticket");
    assert!(page.problem_at("new_password").is_some(), "{}", page.text());
    let page = browser.post_form(FINISH, &[("new_password", OTHER_PASSWORD)]).await;
    assert_eq!(browser.at, "/sign-in");
    assert!(page.shows("Your password was reset and all sessions were ended."));
    assert!(!before.is_signed_in().await, "every session ends");
    assert!(!browser.is_signed_in().await, "and none begins");
    assert_eq!(app.browser().try_sign_in(ADA, PASSWORD).await.alerts(), 1);
    browser.try_sign_in(ADA, OTHER_PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
    // The mail has verified the email address.
    assert!(app.text("SELECT CAST(email_verified_at AS TEXT) FROM users").await.len() > 5);
    let told = app.mails().await;
    assert_eq!(told[0].subject, "Your password was changed");
}

on_both!(v5_0_0__6_3_8__recovery_responds_alike_with_and_without_an_account);
async fn v5_0_0__6_3_8__recovery_responds_alike_with_and_without_an_account(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.mails().await;
    let mut seen = Vec::new();
    for email in [ADA, EVE] {
        let mut browser = app.browser();
        browser.at = "/recovery".to_owned();
        let posted = browser.post(ASK, &[("email", email)]).await;
        // Timing reveals nothing: both write the same rows, and the account is looked up later.
        let waiting = app.number("SELECT COUNT(*) FROM recovery_requests").await;
        let page = browser.follow(posted.clone()).await;
        assert!(page.shows(SENT));
        seen.push((waiting, [posted, page].map(|it| it.comparable(email))));
        let sent = app.mails().await.len();
        assert_eq!(sent, usize::from(email == ADA), "{email}");
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(app.number("SELECT COUNT(*) FROM tickets WHERE purpose = 'recovery'").await, 1);
}

on_both!(v5_0_0__6_5_1__concurrent_requests_use_a_ticket_once);
async fn v5_0_0__6_5_1__concurrent_requests_use_a_ticket_once(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.mails().await;
    app.browser().call(ASK, &[("email", ADA)]).await;
    let link = app.mail().await.link();
    let mut browser = app.browser();
    browser.get(&link).await;
    let racers: Vec<_> = (0..64)
        .map(|n| {
            let mut browser = browser.clone();
            // Each has its own IP address, so that no rate limit decides.
            browser.address = ([10, 0, 0, n], 50000).into();
            tokio::spawn(async move {
                let password = format!("{OTHER_PASSWORD} {n}");
                browser.call(FINISH, &[("new_password", &password)]).await.status.as_u16()
            })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        let status = racer.await.unwrap();
        assert!(matches!(status, 200 | 410 | 429 | 503), "{status}");
        won += usize::from(status == 200);
    }
    assert_eq!(won, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_events WHERE kind = 'recovered'").await, 1);
}

on_both!(v5_0_0__6_4_3__an_invalid_ticket_changes_nothing_and_offers_a_new_one);
async fn v5_0_0__6_4_3__an_invalid_ticket_changes_nothing_and_offers_a_new_one(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let verification = app.mail().await.link();
    app.browser().call(ASK, &[("email", ADA)]).await;
    let expired = app.mail().await.link();
    app.clock.advance(1801);
    let used = {
        app.browser().call(ASK, &[("email", ADA)]).await;
        let link = app.mail().await.link();
        let mut browser = app.browser();
        browser.get(&link).await;
        let answer = browser.call(FINISH, &[("new_password", OTHER_PASSWORD)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        link
    };
    app.mails().await;
    let foreign = format!("/tickets/{}", "A".repeat(43));
    for (what, link) in [
        ("expired", expired.as_str()),
        ("used", &used),
        ("foreign", &foreign),
        ("malformed", "/tickets/x"),
        ("encoded", "/tickets/%00%0d%0a"),
    ] {
        let mut browser = app.browser();
        let page = browser.visit(link).await;
        assert_eq!((page.status.as_u16(), browser.at.as_str()), (410, "/ticket"), "{what}");
        assert!(page.shows(GONE) && page.shows("Reset your password"), "{what}: {}", page.text());
        let answer = browser.call(FINISH, &[("new_password", PASSWORD)]).await;
        assert_eq!(answer.status, 410, "{what}");
        let page = browser.post_form(FINISH, &[("new_password", PASSWORD)]).await;
        assert!(page.shows(GONE), "{what}: {}", page.text());
    }
    // A ticket for another purpose.
    let mut browser = app.browser();
    browser.get(&verification).await;
    assert_eq!(browser.call(FINISH, &[("new_password", PASSWORD)]).await.status, 410);
    app.browser().try_sign_in(ADA, OTHER_PASSWORD).await;
}

on_both!(setting_the_clock_back_does_not_extend_a_ticket);
async fn setting_the_clock_back_does_not_extend_a_ticket(app: TestApp) {
    app.clock.advance(365 * 86400);
    app.browser().sign_up(ADA).await;
    app.mails().await;
    app.browser().call(ASK, &[("email", ADA)]).await;
    let link = app.mail().await.link();
    app.clock.advance(-365 * 86400);
    let page = app.browser().visit(&link).await;
    assert!(page.shows(GONE), "it would work for a year: {}", page.text());
    // A new ticket works, and no limit recorded in the future blocks anyone.
    app.browser().call(ASK, &[("email", ADA)]).await;
    let page = app.browser().visit(&app.mail().await.link()).await;
    assert!(page.shows("Reset your password"), "{}", page.text());
}

on_both!(v5_0_0__7_4_3__this_was_not_me_restores_the_account_to_its_owner);
async fn v5_0_0__7_4_3__this_was_not_me_restores_the_account_to_its_owner(app: TestApp) {
    let mut owner = app.signed_in_browser(ADA).await;
    app.mails().await;
    let mut thief = app.browser();
    thief.address = ([198, 51, 100, 9], 50000).into();
    thief.sign_in(ADA).await;
    let notice = app.mail().await;
    assert_eq!(notice.subject, "New sign-in to your account");
    assert!(notice.text.contains("198.51.100.9"), "{}", notice.text);

    let mut browser = app.browser();
    let page = browser.visit(&notice.not_me()).await;
    assert!(page.shows("Secure your account"), "{}", page.text());
    assert!(thief.is_signed_in().await, "the link alone changes nothing");
    let page = browser.post_form(NOT_ME, &[]).await;
    assert!(page.shows("All sessions were ended and your password was locked."), "{}", page.text());
    assert!(!thief.is_signed_in().await && !owner.is_signed_in().await);
    // The password is locked, even for a client that knows it.
    for password in [PASSWORD, OTHER_PASSWORD] {
        let page = app.browser().try_sign_in(ADA, password).await;
        assert!(page.shows("Password sign-in is locked for this email address."));
    }
    let mail = app.mail().await;
    assert_eq!(mail.subject, "Reset your password");
    browser.get(&mail.link()).await;
    assert_eq!(browser.call(FINISH, &[("new_password", OTHER_PASSWORD)]).await.status, 200);
    browser.try_sign_in(ADA, OTHER_PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
    // The link works once.
    browser.get(&notice.not_me()).await;
    assert_eq!(browser.call(NOT_ME, &[]).await.status, 410);
}

on_both!(v5_0_0__6_3_7__a_notice_works_for_seven_days);
async fn v5_0_0__6_3_7__a_notice_works_for_seven_days(app: TestApp) {
    app.signed_in_browser(ADA).await;
    app.mails().await;
    let mut elsewhere = app.browser();
    elsewhere.sign_in(ADA).await;
    let link = app.mail().await.not_me();
    app.clock.advance(7 * 86400 - 1);
    assert!(app.browser().visit(&link).await.shows("Secure your account"));
    app.clock.advance(1);
    assert!(app.browser().visit(&link).await.shows(GONE));
}

/// Resets this user's password by mail.
async fn reset(app: &TestApp, email: &str, password: &str) {
    app.mails().await;
    let mut browser = app.browser();
    browser.call(ASK, &[("email", email)]).await;
    browser.visit(&app.mail().await.link()).await;
    let answer = browser.call(FINISH, &[("new_password", password)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(v5_0_0__6_4_3__the_first_sign_in_after_a_reset_shows_what_else_signs_in);
async fn v5_0_0__6_4_3__the_first_sign_in_after_a_reset_shows_what_else_signs_in(app: TestApp) {
    const REVIEW: &str = "/dashboard/security?review=yes";
    let mut owner = app.signed_in_browser(ADA).await;
    app.mark_verified(ADA).await;
    owner.add_passkey("Not mine").await;
    let totp = owner.add_app(&app, "Phone").await;
    owner.create_recovery_codes().await;
    app.run("UPDATE recovery_codes SET used_at = 1").await;
    reset(&app, ADA, OTHER_PASSWORD).await;
    let mut browser = app.browser();
    browser.try_sign_in(ADA, OTHER_PASSWORD).await;
    let attempt = browser.attempt().await;
    let answer = browser.enter_app_code(&attempt, &app.next_code(&totp)).await;
    // Before the page of new recovery codes.
    assert_eq!(answer.json()["go"], REVIEW, "{}", answer.text());
    let page = browser.visit(REVIEW).await;
    assert!(page.shows("Check what else can sign in"), "{}", page.text());
    assert!(page.shows("Not mine") && page.shows("Phone"), "{}", page.text());
    let id = app.text("SELECT id FROM passkeys").await;
    let page = browser.post_form("/api/passkeys/remove", &[("id", &id)]).await;
    assert!(page.shows("Passkey removed.") && !page.shows("Not mine"), "{}", page.text());
    // Once.
    let mut browser = app.browser();
    browser.try_sign_in(ADA, OTHER_PASSWORD).await;
    let attempt = browser.attempt().await;
    let answer = browser.enter_app_code(&attempt, &app.next_code(&totp)).await;
    assert_eq!(answer.json()["go"], "/dashboard/recovery-codes");
    // A thief's passkey does not use up the hint.
    let mut theirs = browser.add_passkey("Not mine either").await;
    reset(&app, ADA, PASSWORD).await;
    let answer = app.browser().sign_in_with(&mut theirs).await;
    assert_eq!(answer.json()["go"], "/dashboard/recovery-codes");
    let mut browser = app.browser();
    browser.try_sign_in(ADA, PASSWORD).await;
    let attempt = browser.attempt().await;
    let answer = browser.enter_app_code(&attempt, &app.next_code(&totp)).await;
    assert_eq!(answer.json()["go"], REVIEW);
    // Nothing else signs in to this account.
    app.browser().sign_up(EVE).await;
    app.mark_verified(EVE).await;
    reset(&app, EVE, OTHER_PASSWORD).await;
    let mut browser = app.browser();
    browser.try_sign_in(EVE, OTHER_PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
}
