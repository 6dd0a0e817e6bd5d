//! Leaving, and coming back within a fortnight.

use crate::support::{ADA, EVE, Engine, PASSWORD, Person, Social, TestApp};
use portcullis::server::jobs;

const ASK: &str = "/api/deletion/ask";
const DAY: i64 = 86400;

on_both!(v5_0_0__7_4_2__a_deleted_account_is_gone_after_fourteen_days);
async fn v5_0_0__7_4_2__a_deleted_account_is_gone_after_fourteen_days(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    let mut other = app.browser();
    other.signs_in(ADA).await;
    app.browser_of(EVE).await;
    app.mails().await;
    browser.visit("/dashboard/profile").await;
    let page = browser.post_form(ASK, &[]).await;
    assert_eq!(browser.at, "/sign-in");
    assert!(page.says("Your account will be deleted"), "{}", page.text());
    assert!(!browser.is_signed_in().await && !other.is_signed_in().await);
    let mail = app.mail().await;
    assert_eq!(mail.subject, "Your account will be deleted");

    app.clock.advance(14 * DAY - 1);
    jobs::sweep(&app.app).await;
    assert_eq!(app.users().await, 2);
    app.clock.advance(1);
    jobs::sweep(&app.app).await;
    assert_eq!(app.users().await, 1);
    let left = app.everything().await.join("\n");
    assert!(!left.contains(ADA), "{left}");
    assert!(left.contains(EVE));
    assert_eq!(app.browser().tries(ADA, PASSWORD).await.alerts(), 1);
}

on_both!(signing_in_keeps_the_account);
async fn signing_in_keeps_the_account(app: TestApp) {
    let mut browser = app.browser_of(ADA).await;
    browser.call(ASK, &[]).await;
    app.clock.advance(13 * DAY);
    let page = browser.tries(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
    assert!(page.says("Your account is kept."), "{}", page.text());
    app.clock.advance(20 * DAY);
    jobs::sweep(&app.app).await;
    assert_eq!(app.users().await, 1);
}

on_both!(v5_0_0__14_2_7__an_account_that_nobody_proves_or_uses_goes_after_thirty_days);
async fn v5_0_0__14_2_7__an_account_that_nobody_proves_or_uses_goes_after_thirty_days(
    site: Social,
) {
    let app = &site.app;
    let users = "SELECT COUNT(*) FROM users WHERE email = 'ada@example.com'";
    // Those that stay: proven, linked, or brought here by the operator.
    app.browser().sign_up(EVE).await;
    app.run("UPDATE users SET email_verified_at = created_at").await;
    app.browser().sign_up("brought@example.com").await;
    app.run(
        "DELETE FROM audit_events
        WHERE user_id = (SELECT id FROM users WHERE email = 'brought@example.com')",
    )
    .await;
    site.browser_of("idp", &Person::named("linked")).await;

    let mut browser = app.browser_of(ADA).await;
    // Somebody is signed in, if only for hours.
    app.clock.advance(30 * DAY - 1);
    jobs::sweep(&app.app).await;
    assert_eq!(app.number(users).await, 1);
    browser.signs_in(ADA).await;
    app.clock.advance(30 * DAY - 1);
    jobs::sweep(&app.app).await;
    assert_eq!(app.number(users).await, 1, "seen since");
    app.clock.advance(2);
    jobs::sweep(&app.app).await;
    assert_eq!(app.number(users).await, 0);
    assert!(!app.everything().await.join("\n").contains(ADA));
    assert_eq!(app.users().await, 3);

    // Whoever signs up with it has it.
    app.browser_of(ADA).await;
}

on_both!(who_is_signed_in_stays_without_a_proof);
async fn who_is_signed_in_stays_without_a_proof(engine: Engine) {
    let settings = "[account]\nunproven = \"1s\"\n";
    let app = TestApp::with(engine, settings).await;
    let mut browser = app.browser_of(ADA).await;
    app.clock.advance(60);
    jobs::sweep(&app.app).await;
    assert!(browser.is_signed_in().await);
    browser.post_form("/api/sign-out", &[]).await;
    jobs::sweep(&app.app).await;
    assert_eq!(app.users().await, 0);
}
