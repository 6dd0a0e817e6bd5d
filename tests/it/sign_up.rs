//! Signing up: the responses to a new and a taken email address can't be told apart.

use serde_json::json;

use crate::support::load::{SLOW_HASHING, occupy_hasher};
use crate::support::{ADA, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp};

const SIGN_UP: &str = "/api/sign-up";
const RECEIVED: &str =
    "If that email address is new here, your account is ready. You can sign in now.";

on_both!(v5_0_0__6_3_8__a_new_and_a_taken_email_get_the_same_response);
async fn v5_0_0__6_3_8__a_new_and_a_taken_email_get_the_same_response(app: TestApp) {
    let mut seen = Vec::new();
    for password in [PASSWORD, OTHER_PASSWORD] {
        let fields = [("email", ADA), ("password", password)];
        let mut browser = app.browser();
        browser.at = "/sign-up".to_owned();
        let posted = browser.post(SIGN_UP, &fields).await;
        let page = browser.follow(posted.clone()).await;
        let expected = [(303, SIGN_UP.to_owned()), (200, "/sign-in".to_owned())];
        assert_eq!(browser.history, expected);
        assert!(page.shows(RECEIVED));
        seen.push([posted, page].map(|it| it.comparable(ADA)));
        assert!(browser.session().is_none(), "signing up signs nobody in");
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(app.count_users().await, 1);
    // The first password stays.
    app.browser().sign_in(ADA).await;
    assert_eq!(app.browser().try_sign_in(ADA, OTHER_PASSWORD).await.alerts(), 1);
}

on_both!(v5_0_0__6_3_8__a_new_and_a_taken_email_get_the_same_json_response);
async fn v5_0_0__6_3_8__a_new_and_a_taken_email_get_the_same_json_response(app: TestApp) {
    let mut seen = Vec::new();
    for password in [PASSWORD, OTHER_PASSWORD] {
        let answer = app.browser().call(SIGN_UP, &[("email", ADA), ("password", password)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json(),
            json!({"kind": "done", "notice": "sign_up_received", "go": "/sign-in"})
        );
        seen.push(answer.comparable(ADA));
    }
    assert_eq!(seen[0], seen[1]);
}

on_both!(v5_0_0__6_3_8__a_taken_email_waits_for_a_hash_as_a_new_one_does);
async fn v5_0_0__6_3_8__a_taken_email_waits_for_a_hash_as_a_new_one_does(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    let slow = app.reopen(SLOW_HASHING).await;
    occupy_hasher(&slow).await;
    for email in [ADA, EVE] {
        let mut browser = app.browser().with_app(&slow);
        let answer = browser.call(SIGN_UP, &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 503, "{email}: {}", answer.text());
    }
    assert_eq!(slow.hasher.verifications(), 1, "the one that holds the line");
    assert_eq!(app.count_users().await, 1);
}

on_both!(emails_that_differ_in_case_are_one_account_and_the_first_is_stored_as_typed);
async fn emails_that_differ_in_case_are_one_account_and_the_first_is_stored_as_typed(app: TestApp) {
    let mut browser = app.browser();
    for email in ["Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM", " ada@example.com "] {
        browser.sign_up(email).await;
    }
    assert_eq!(app.count_users().await, 1);
    assert_eq!(app.text("SELECT email FROM users").await, "Ada@Example.com");
}

on_both!(concurrent_sign_ups_with_one_email_create_one_account);
async fn concurrent_sign_ups_with_one_email_create_one_account(app: TestApp) {
    let attempts: Vec<_> = (0..5)
        .map(|n| {
            let mut browser = app.browser();
            let password = format!("{PASSWORD} {n}");
            tokio::spawn(async move {
                browser.call(SIGN_UP, &[("email", ADA), ("password", &password)]).await.status
            })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 200);
    }
    assert_eq!(app.count_users().await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM passwords").await, 1);
}

on_both!(v5_0_0__6_2_1__a_short_password_is_reported_at_its_field);
async fn v5_0_0__6_2_1__a_short_password_is_reported_at_its_field(app: TestApp) {
    let mut browser = app.browser();
    browser.at = "/sign-up".to_owned();
    let fields = [("email", ADA), ("password", "fourteen chars")];
    let page = browser.post_form(SIGN_UP, &fields).await;
    assert_eq!(browser.at, "/sign-up");
    let problem = page.problem_at("password").unwrap();
    assert_eq!(problem, "Use 15 characters or more. A phrase of several words works well.");
    assert_eq!(page.value_of("email").as_deref(), Some(ADA));
    assert!(!page.text().contains("fourteen chars"));

    let answer = browser.call(SIGN_UP, &fields).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json(), json!({"invalid": {"password": {"too_short": {"min": 15}}}}));
    assert_eq!(app.count_users().await, 0);
}

on_both!(both_fields_are_reported_when_both_are_invalid);
async fn both_fields_are_reported_when_both_are_invalid(app: TestApp) {
    let mut browser = app.browser();
    browser.at = String::new();
    let page = browser.post_form(SIGN_UP, &[("email", "ada"), ("password", "")]).await;
    assert_eq!(browser.at, "/sign-up", "without a Referer the function's own page");
    assert_eq!(
        page.problem_at("email").as_deref(),
        Some("Enter an email address like ada@example.com.")
    );
    assert_eq!(page.problem_at("password").as_deref(), Some("Enter a password."));
}

on_both!(v5_0_0__6_2_9__each_printable_character_counts_once_towards_the_length);
async fn v5_0_0__6_2_9__each_printable_character_counts_once_towards_the_length(app: TestApp) {
    let mut browser = app.browser();
    for (n, (password, status)) in [
        ("🗝".repeat(15), 200),
        ("🗝".repeat(14), 422),
        ("é".repeat(256), 200),
        ("é".repeat(257), 422),
        ("aaaaaaaaaaaaaa!".to_owned(), 200),
        ("fifteen letters\0".to_owned(), 422),
        ("fifteen letters\n".to_owned(), 422),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("ada{n}@example.com");
        let answer = browser.call(SIGN_UP, &[("email", &email), ("password", &password)]).await;
        assert_eq!(answer.status, status, "{password:?}");
    }
}

on_both!(cve_2026_27946__unknown_form_fields_set_nothing);
async fn cve_2026_27946__unknown_form_fields_set_nothing(app: TestApp) {
    let fields = [
        ("email", ADA),
        ("password", PASSWORD),
        ("id", "chosen"),
        ("email_verified_at", "1"),
        ("display_name", "Root"),
        ("form[email_verified_at]", "1"),
    ];
    assert_eq!(app.browser().call(SIGN_UP, &fields).await.status, 200);
    let row = app.comparable_rows().await.into_iter().find(|it| it.starts_with("users: ")).unwrap();
    assert!(!row.contains("chosen") && !row.contains("Root"), "{row}");
    assert_eq!(app.number("SELECT COUNT(email_verified_at) FROM users").await, 0);
}

on_both!(earlier_failures_do_not_lock_a_new_account);
async fn earlier_failures_do_not_lock_a_new_account(app: TestApp) {
    for _ in 0..100 {
        app.browser().try_sign_in(ADA, OTHER_PASSWORD).await;
        app.clock.advance(3600);
    }
    assert_eq!(app.number("SELECT MAX(failures) FROM password_failures").await, 100);
    app.signed_in_browser(ADA).await;
}

on_both!(the_sign_up_page_says_if_sign_up_is_closed_or_by_invitation);
async fn the_sign_up_page_says_if_sign_up_is_closed_or_by_invitation(engine: Engine) {
    for (mode, sentence) in [
        ("closed", "Sign-up is closed. Ask an administrator for an invitation."),
        ("invited", "Sign-up is by invitation. Open the link in your invitation email"),
    ] {
        let settings = format!("[sign_up]\nmode = \"{mode}\"\n");
        let app = TestApp::with_settings(engine.clone(), &settings).await;
        let mut browser = app.browser();
        let page = browser.visit("/sign-up").await;
        assert_eq!(page.status, 403);
        assert!(page.shows(sentence), "{}", page.text());
        assert!(!page.text().contains("<form") && page.value_of("email").is_none(), "{mode}");
        // An invitation works in every mode.
        let (by, email) = (portcullis::role::server::Principal::operator(), ADA.parse().unwrap());
        let link = portcullis::sign_up::server::invite(&app.app, &by, &email, None);
        let link = link.await.unwrap();
        browser.visit(link.strip_prefix(&app.app.config.site.origin()).unwrap()).await;
        let page = browser.visit("/sign-up").await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("action=\"/api/sign-up\"") && !page.shows(sentence), "{mode}");
    }
}
