//! Leaving, and coming back within a fortnight.

use crate::support::{ADA, EVE, PASSWORD, TestApp};
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
    app.clock.advance(30 * DAY);
    jobs::sweep(&app.app).await;
    assert_eq!(app.users().await, 1);
}
