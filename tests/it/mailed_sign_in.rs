//! Signing in by mail: by link or by code, in the browser that asked.

use crate::support::mailbox::ReceivedMail;
use crate::support::{ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp};

const ASK: &str = "/api/sign-in/mail";
const AGAIN: &str = "/api/sign-in/mail/again";
const CODE: &str = "/api/sign-in/code";
const LINK: &str = "/api/sign-in/link";
const SENT: &str = "If that email address has an account, we sent a code and a link to it.";
const WRONG: &str = "This is not the code from the latest email.";
const EXPIRED: &str = "This code has expired. Request a new one.";
const LOCKED: &str = "Password sign-in is locked for this email address.";
const GONE: &str = "It has expired, was already used, or is incomplete.";

/// Creates Ada's account with a verified email address. No mail is left in the outbox.
async fn create_account(app: &TestApp) {
    app.browser().sign_up(ADA).await;
    app.run("UPDATE users SET email_verified_at = created_at").await;
    app.mails().await;
}

async fn request_sign_in(app: &TestApp, email: &str) -> Browser {
    let mut browser = app.browser();
    let answer = browser.call(ASK, &[("email", email)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    browser
}

fn code_in(mail: &ReceivedMail) -> String {
    mail.text.split("Your sign-in code: ").nth(1).unwrap()[..6].to_owned()
}

/// Returns a code that differs from this one.
fn mistype(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn enter_code(browser: &mut Browser, code: &str) -> u16 {
    browser.call(CODE, &[("code", code)]).await.status.as_u16()
}

on_both!(v5_0_0__6_5_5__a_code_signs_in_once_and_for_ten_minutes);
async fn v5_0_0__6_5_5__a_code_signs_in_once_and_for_ten_minutes(app: TestApp) {
    create_account(&app).await;
    let mut browser = app.browser();
    browser.visit("/sign-in-by-mail?next=/dashboard/sessions").await;
    let fields = [("email", "ADA@example.com"), ("next", "/dashboard/sessions")];
    let page = browser.post_form(ASK, &fields).await;
    assert_eq!(browser.at, "/sign-in-code");
    assert!(page.shows(SENT), "{}", page.text());
    let mail = app.mail().await;
    assert_eq!(
        (mail.to.as_str(), &mail.subject),
        (ADA, &format!("Your sign-in code is {}", code_in(&mail)))
    );
    assert!(mail.text.contains("10 minutes"));

    for (typed, problem) in
        [("", "Enter the code."), ("12345", "Enter the six digits from the email.")]
    {
        let page = browser.post_form(CODE, &[("code", typed)]).await;
        assert_eq!(page.problem_at("code").as_deref(), Some(problem));
    }
    let page = browser.post_form(CODE, &[("code", &mistype(&code_in(&mail)))]).await;
    assert_eq!(page.problem_at("code").as_deref(), Some(WRONG));
    assert_eq!(page.value_of("code"), None, "a code that was sent is not shown again");
    let mut twin = browser.clone();
    let spaced = format!(" {} {} ", &code_in(&mail)[..3], &code_in(&mail)[3..]);
    let page = browser.post_form(CODE, &[("code", &spaced)]).await;
    assert_eq!((browser.at.as_str(), page.status.as_u16()), ("/dashboard/sessions", 200));
    assert!(!app.all_rows().await.join("\n").contains(&code_in(&mail)), "only its seal was kept");

    // The code is used up, and so is the link in the same mail.
    let page = twin.post_form(CODE, &[("code", &code_in(&mail))]).await;
    assert_eq!(page.problem_at("code").as_deref(), Some(EXPIRED));
    assert!(twin.visit(&mail.link()).await.shows(GONE));
    assert_eq!(twin.call(LINK, &[]).await.status, 410);
    assert_eq!(
        app.text("SELECT about FROM audit_events WHERE kind = 'signed_in'").await,
        "email",
        "the history says how"
    );

    let mut late = request_sign_in(&app, ADA).await;
    let mails = app.mails().await;
    app.clock.advance(600);
    assert_eq!(late.call(CODE, &[("code", &code_in(&mails[0]))]).await.status, 422);
    assert!(late.visit(&mails[0].link()).await.shows(GONE));
    assert!(!late.is_signed_in().await);
}

on_both!(v5_0_0__6_6_2__a_link_signs_in_only_the_browser_that_requested_it);
async fn v5_0_0__6_6_2__a_link_signs_in_only_the_browser_that_requested_it(app: TestApp) {
    create_account(&app).await;
    let mut browser = request_sign_in(&app, ADA).await;
    let mail = app.mail().await;
    // Another browser has the mail, and may have asked for its own.
    for mut other in
        [app.browser(), request_sign_in(&app, ADA).await, request_sign_in(&app, EVE).await]
    {
        let page = other.visit(&mail.link()).await;
        assert_eq!((other.at.as_str(), page.status.as_u16()), ("/ticket", 200));
        assert!(
            page.shows("This link works only in the browser that requested it."),
            "{}",
            page.text()
        );
        assert_eq!(other.call(LINK, &[]).await.status, 410);
        assert_ne!(enter_code(&mut other, &code_in(&mail)).await, 200);
        assert!(!other.is_signed_in().await);
    }
    // Opening the link changes nothing; the button signs in.
    let page = browser.visit(&mail.link()).await;
    assert!(page.shows(ADA) && !browser.is_signed_in().await, "{}", page.text());
    browser.post_form(LINK, &[]).await;
    assert_eq!(browser.at, "/dashboard");
    assert!(browser.is_signed_in().await);
    assert_eq!(browser.call(LINK, &[]).await.status, 410, "it works once");
}

on_both!(v5_0_0__6_6_3__wrong_codes_are_limited_to_five_across_all_mails);
async fn v5_0_0__6_6_3__wrong_codes_are_limited_to_five_across_all_mails(app: TestApp) {
    create_account(&app).await;
    let mut browser = request_sign_in(&app, ADA).await;
    for _ in 0..2 {
        let wrong = mistype(&code_in(&app.mail().await));
        assert_eq!(enter_code(&mut browser, &wrong).await, 422);
        assert_eq!(enter_code(&mut browser, &wrong).await, 422);
        assert_eq!(browser.call(AGAIN, &[]).await.status, 200);
    }
    let last = app.mail().await;
    assert_eq!(enter_code(&mut browser, &mistype(&code_in(&last))).await, 422);
    let refused = browser.call(CODE, &[("code", &code_in(&last))]).await;
    assert_eq!(refused.status, 429, "the sixth is not looked at, though it is right");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    // The right code does not help in another browser at that IP address either.
    let mut twin = request_sign_in(&app, ADA).await;
    let mail = app.mail().await;
    assert_eq!(enter_code(&mut twin, &code_in(&mail)).await, 429);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_events WHERE about = 'code'").await, 5);
    // Guessing does not lock out the user who has the mail.
    twin.get(&mail.link()).await;
    assert_eq!(twin.call(LINK, &[]).await.status, 200);
}

on_both!(v5_0_0__6_6_3__strangers_in_one_network_do_not_lock_out_a_new_browser_of_the_owner);
async fn v5_0_0__6_6_3__strangers_in_one_network_do_not_lock_out_a_new_browser_of_the_owner(
    app: TestApp,
) {
    create_account(&app).await;
    let recovers = async |browser: &mut Browser| {
        browser.call("/api/recovery/ask", &[("email", ADA)]).await.status.as_u16()
    };
    let mut stranger = app.browser();
    for expected in [200, 200, 200, 200, 200, 429] {
        assert_eq!(stranger.call(ASK, &[("email", ADA)]).await.status, expected);
        assert_eq!(recovers(&mut stranger).await, expected);
    }
    let wrong = mistype(&code_in(
        app.mails().await.iter().find(|it| it.text.contains("Your sign-in code")).unwrap(),
    ));
    for expected in [422, 422, 422, 422, 422, 429] {
        assert_eq!(enter_code(&mut stranger, &wrong).await, expected);
    }
    let mut own = app.browser();
    own.address = ([203, 0, 113, 9], 50000).into();
    assert_eq!(recovers(&mut own).await, 200);
    app.mails().await;
    assert_eq!(own.call(ASK, &[("email", ADA)]).await.status, 200);
    let mail = app.mail().await;
    assert_eq!(enter_code(&mut own, &code_in(&mail)).await, 200);
}

on_both!(v5_0_0__6_6_3__strangers_in_many_networks_share_one_limit);
async fn v5_0_0__6_6_3__strangers_in_many_networks_share_one_limit(engine: Engine) {
    let settings = "[limit]\nmailed_sign_in_unknown = \"7/1h\"\nrecovery_unknown = \"7/1h\"\n\
                    code_unknown = \"7/1h\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    create_account(&app).await;
    let mut guesser = request_sign_in(&app, ADA).await;
    let wrong = mistype(&code_in(&app.mail().await));
    let mut statuses = Vec::new();
    for n in 0..9 {
        guesser.address = ([203, 0, n, 9], 50000).into();
        let tried = enter_code(&mut guesser, &wrong).await;
        let asked = app.browser().with_ip([198, 51, n, 9]).call(ASK, &[("email", ADA)]).await;
        let recovers = guesser.call("/api/recovery/ask", &[("email", ADA)]).await;
        statuses.push((tried, asked.status.as_u16(), recovers.status.as_u16()));
    }
    let mut expected = vec![(422, 200, 200); 9];
    // One mail was already asked for before the loop.
    expected[6] = (422, 429, 200);
    expected[7..].fill((429, 429, 429));
    assert_eq!(statuses, expected);
    // An administrator lifts all these limits.
    let id = app.id_of(ADA).await.into();
    let by = portcullis::role::server::Principal::operator();
    portcullis::admin::server::account::unlock(&app.app, &by, &id).await.unwrap();
    assert_eq!(enter_code(&mut guesser, &wrong).await, 422);
    assert_eq!(app.browser().call(ASK, &[("email", ADA)]).await.status, 200);
}

on_both!(v5_0_0__6_6_3__strangers_do_not_use_up_the_tries_of_the_owners_browser);
async fn v5_0_0__6_6_3__strangers_do_not_use_up_the_tries_of_the_owners_browser(app: TestApp) {
    create_account(&app).await;
    let mut own = app.browser();
    own.sign_in(ADA).await;
    own.post_form("/api/sign-out", &[]).await;
    let mut stranger = request_sign_in(&app, ADA).await;
    let wrong = mistype(&code_in(&app.mail().await));
    for expected in [422, 422, 422, 422, 422, 429] {
        assert_eq!(enter_code(&mut stranger, &wrong).await, expected);
    }
    own.call(ASK, &[("email", ADA)]).await;
    let mail = app.mail().await;
    for expected in [422, 422, 422, 422] {
        assert_eq!(enter_code(&mut own, &mistype(&code_in(&mail))).await, expected);
    }
    assert_eq!(enter_code(&mut own, &code_in(&mail)).await, 200);
    // A right code resets the count of that browser and of no other.
    own.post_form("/api/sign-out", &[]).await;
    own.call(ASK, &[("email", ADA)]).await;
    let mail = app.mail().await;
    assert_eq!(enter_code(&mut own, &mistype(&code_in(&mail))).await, 422);
    assert_eq!(enter_code(&mut own, &code_in(&mail)).await, 200);
    assert_eq!(enter_code(&mut stranger, &wrong).await, 429);
}

on_both!(v5_0_0__6_3_1__requests_by_strangers_do_not_use_up_the_limit_of_the_owners_browser);
async fn v5_0_0__6_3_1__requests_by_strangers_do_not_use_up_the_limit_of_the_owners_browser(
    app: TestApp,
) {
    create_account(&app).await;
    let mut own = app.browser();
    own.sign_in(ADA).await;
    own.post_form("/api/sign-out", &[]).await;
    let mut stranger = app.browser();
    for expected in [200, 200, 200, 200, 200, 429] {
        assert_eq!(stranger.call(ASK, &[("email", ADA)]).await.status, expected);
    }
    app.mails().await;
    // The owner's browser has its own limit, which also runs out.
    for expected in [200, 200, 200, 200, 200, 429] {
        assert_eq!(own.call(ASK, &[("email", ADA)]).await.status, expected);
    }
    let mail = app.mails().await.pop().unwrap();
    assert_eq!(enter_code(&mut own, &code_in(&mail)).await, 200);
}

on_both!(v5_0_0__6_6_3__at_most_twenty_concurrent_guesses_are_checked);
async fn v5_0_0__6_6_3__at_most_twenty_concurrent_guesses_are_checked(app: TestApp) {
    create_account(&app).await;
    let browser = request_sign_in(&app, ADA).await;
    let wrong = mistype(&code_in(&app.mail().await));
    let racers: Vec<_> = (0..64)
        .map(|n| {
            let (mut browser, wrong) = (browser.clone(), wrong.clone());
            browser.address = ([10, 0, 0, n], 50000).into();
            tokio::spawn(async move { enter_code(&mut browser, &wrong).await })
        })
        .collect();
    let mut checked = 0;
    for racer in racers {
        let status = racer.await.unwrap();
        assert!(matches!(status, 422 | 429 | 503), "{status}");
        checked += usize::from(status == 422);
    }
    assert!((1..=20).contains(&checked), "{checked}");
}

on_both!(v5_0_0__6_5_1__only_one_of_several_concurrent_uses_of_a_code_signs_in);
async fn v5_0_0__6_5_1__only_one_of_several_concurrent_uses_of_a_code_signs_in(app: TestApp) {
    create_account(&app).await;
    let browser = request_sign_in(&app, ADA).await;
    let right = code_in(&app.mail().await);
    let racers: Vec<_> = (0..5)
        .map(|_| {
            let (mut browser, right) = (browser.clone(), right.clone());
            tokio::spawn(async move { enter_code(&mut browser, &right).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        won += usize::from(racer.await.unwrap() == 200);
    }
    assert_eq!((won, app.count_sessions().await), (1, 1));
}

on_both!(v5_0_0__6_3_8__an_email_without_an_account_gets_the_same_responses);
async fn v5_0_0__6_3_8__an_email_without_an_account_gets_the_same_responses(app: TestApp) {
    create_account(&app).await;
    let mut seen = Vec::new();
    for email in [ADA, EVE] {
        let mut browser = app.browser();
        browser.at = "/sign-in-by-mail".to_owned();
        let posted = browser.post(ASK, &[("email", email)]).await;
        let page = browser.follow(posted.clone()).await;
        assert_eq!(app.mails().await.len(), usize::from(email == ADA));
        let mut answers = vec![posted, page];
        // The chance that this code is right is one in a million.
        for _ in 0..5 {
            answers.push(browser.post_form(CODE, &[("code", "000000")]).await);
        }
        let refused = browser.post_form(CODE, &[("code", "000000")]).await;
        assert!(refused.status == 429 && refused.shows("Try again in 5 hours."), "{email}");
        answers.push(browser.post_form(AGAIN, &[]).await);
        app.mails().await;
        seen.push(answers.iter().map(|it| it.comparable(email)).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
}

on_both!(after_a_code_expires_asking_for_another_leads_back_to_the_form);
async fn after_a_code_expires_asking_for_another_leads_back_to_the_form(app: TestApp) {
    create_account(&app).await;
    let mut browser = request_sign_in(&app, ADA).await;
    app.mails().await;
    app.clock.advance(601);
    "/sign-in-code".clone_into(&mut browser.at);
    let page = browser.post_form(CODE, &[("code", "000000")]).await;
    assert!(page.shows(EXPIRED), "{}", page.text());
    let page = browser.post_form(AGAIN, &[]).await;
    assert_eq!((browser.at.as_str(), page.alerts()), ("/sign-in-by-mail", 0), "{}", page.text());
    assert_eq!(app.browser().call(AGAIN, &[]).await.json()["go"], "/sign-in-by-mail");
}

on_both!(v5_0_0__7_2_4__verifying_by_mailed_sign_in_removes_earlier_passwords_and_sessions);
async fn v5_0_0__7_2_4__verifying_by_mailed_sign_in_removes_earlier_passwords_and_sessions(
    app: TestApp,
) {
    let mut planted = app.signed_in_browser(ADA).await;
    app.mails().await;
    let mut owner = request_sign_in(&app, ADA).await;
    let mail = app.mail().await;
    let page = owner.post_form(CODE, &[("code", &code_in(&mail))]).await;
    assert_eq!(owner.at, "/dashboard");
    assert!(page.shows(
        "Your email address is verified. \
             Everything set up before that was removed, including any password."
    ));
    assert!(!planted.is_signed_in().await);
    assert_eq!(app.browser().try_sign_in(ADA, PASSWORD).await.alerts(), 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM passwords").await, 0);
    // A user with neither password nor provider confirms their identity by signing in again.
    app.clock.advance(601);
    owner.visit("/dashboard/profile").await;
    let page = owner.post_form("/api/deletion/ask", &[]).await;
    assert_eq!(owner.at, "/reauthenticate?next=/dashboard/profile");
    assert!(page.shows("Sign out and sign in again to continue."), "{}", page.text());
}

on_both!(setting_the_clock_back_does_not_extend_the_lifetime_of_a_code);
async fn setting_the_clock_back_does_not_extend_the_lifetime_of_a_code(app: TestApp) {
    app.clock.advance(365 * 86400);
    create_account(&app).await;
    let mut browser = request_sign_in(&app, ADA).await;
    let mail = app.mail().await;
    app.clock.advance(-365 * 86400);
    assert_eq!(enter_code(&mut browser, &code_in(&mail)).await, 422);
    assert!(!browser.is_signed_in().await);
}

on_both!(mailed_sign_in_requests_are_rate_limited_and_swept);
async fn mailed_sign_in_requests_are_rate_limited_and_swept(app: TestApp) {
    create_account(&app).await;
    for expected in [200, 200, 200, 200, 200, 429] {
        let answer = app.browser().call(ASK, &[("email", ADA)]).await;
        assert_eq!(answer.status, expected);
    }
    assert_eq!(app.mails().await.len(), 5);
    assert_eq!(app.number("SELECT COUNT(*) FROM mailed_sign_ins").await, 5);
    app.clock.advance(601);
    portcullis::server::jobs::run_sweeps(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM mailed_sign_ins").await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM tickets WHERE purpose = 'sign_in'").await, 0);
}

on_both!(v5_0_0__13_4_1__mailed_sign_in_is_off_by_default_and_its_paths_are_not_found);
async fn v5_0_0__13_4_1__mailed_sign_in_is_off_by_default_and_its_paths_are_not_found(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, "[sign_in]\nby_mail = \"off\"\n").await;
    assert_eq!(
        portcullis::server::config::settings::find("sign_in.by_mail").unwrap().default,
        "off"
    );
    let before = app.all_rows().await;
    let feature = &portcullis::mailed_sign_in::feature::FEATURE;
    let paths = feature.pages.iter().map(|it| it.path);
    let paths: Vec<_> = paths.chain(feature.endpoints.iter().map(|it| it.path)).collect();
    assert_eq!(paths.len(), 6);
    for path in paths {
        let mut browser = app.browser();
        let answer = if path.starts_with("/api/") {
            browser.call(path, &[("email", ADA), ("code", "123456")]).await
        } else {
            browser.get(path).await
        };
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(app.all_rows().await, before);
    assert!(!app.browser().visit("/sign-in").await.shows("Sign in by email"));
}

on_both!(v5_0_0__7_4_3__ending_all_other_sessions_invalidates_a_pending_mailed_sign_in);
async fn v5_0_0__7_4_3__ending_all_other_sessions_invalidates_a_pending_mailed_sign_in(
    app: TestApp,
) {
    create_account(&app).await;
    let mut owner = app.browser();
    owner.sign_in(ADA).await;
    app.mails().await;
    let mut thief = request_sign_in(&app, ADA).await;
    let mail = app.mail().await;
    assert_eq!(owner.call("/api/sessions/end-others", &[]).await.status, 200);
    assert_eq!(enter_code(&mut thief, &code_in(&mail)).await, 422);
    thief.get(&mail.link()).await;
    assert_eq!(thief.call(LINK, &[]).await.status, 410);
    assert!(!thief.is_signed_in().await);
}

on_both!(a_verification_link_stops_working_once_mailed_sign_in_verified_the_email);
async fn a_verification_link_stops_working_once_mailed_sign_in_verified_the_email(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let verification = app.mail().await.link();
    let mut owner = request_sign_in(&app, ADA).await;
    let mail = app.mail().await;
    assert_eq!(enter_code(&mut owner, &code_in(&mail)).await, 200);
    assert!(app.browser().visit(&verification).await.shows(GONE));
}

on_both!(v5_0_0__6_3_1__a_first_password_is_not_locked_by_earlier_failures);
async fn v5_0_0__6_3_1__a_first_password_is_not_locked_by_earlier_failures(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.mails().await;
    for _ in 0..100 {
        app.browser().try_sign_in(ADA, OTHER_PASSWORD).await;
        app.clock.advance(3600);
    }
    assert!(app.browser().try_sign_in(ADA, PASSWORD).await.shows(LOCKED));
    app.mails().await;
    // Signing in by mail removes the password, since the email address was not verified.
    let mut owner = request_sign_in(&app, ADA).await;
    let mails = app.mails().await;
    assert_eq!(enter_code(&mut owner, &code_in(mails.last().unwrap())).await, 200);
    let fields = [("new_password", OTHER_PASSWORD)];
    assert_eq!(owner.call("/api/password/change", &fields).await.status, 200);
    let mut browser = app.browser();
    browser.try_sign_in(ADA, OTHER_PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
}
