//! Account deletion, and cancelling it within fourteen days.

use std::sync::Arc;
use std::time::Duration;

use portcullis::args;
use portcullis::server::jobs;

use crate::support::{ADA, EVE, Engine, PASSWORD, ProviderUser, Social, TestApp};

const ASK: &str = "/api/deletion/ask";
const DAY: i64 = 86400;

on_both!(v5_0_0__7_4_2__a_deleted_account_is_gone_after_fourteen_days);
async fn v5_0_0__7_4_2__a_deleted_account_is_gone_after_fourteen_days(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let mut other = app.browser();
    other.sign_in(ADA).await;
    app.signed_in_browser(EVE).await;
    app.mails().await;
    browser.visit("/dashboard/profile").await;
    let page = browser.post_form(ASK, &[]).await;
    assert_eq!(browser.at, "/sign-in");
    assert!(page.shows("Your account will be deleted"), "{}", page.text());
    assert!(!browser.is_signed_in().await && !other.is_signed_in().await);
    let mail = app.mail().await;
    assert_eq!(mail.subject, "Your account will be deleted");

    app.clock.advance(14 * DAY - 1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 2);
    app.clock.advance(1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1);
    let left = app.all_rows().await.join("\n");
    assert!(!left.contains(ADA), "{left}");
    assert!(left.contains(EVE));
    assert_eq!(app.browser().try_sign_in(ADA, PASSWORD).await.alerts(), 1);
}

on_both!(signing_in_cancels_a_pending_deletion);
async fn signing_in_cancels_a_pending_deletion(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    browser.call(ASK, &[]).await;
    app.clock.advance(13 * DAY);
    let page = browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
    assert!(page.shows("Account deletion cancelled."), "{}", page.text());
    app.clock.advance(20 * DAY);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1);
}

on_both!(v5_0_0__14_2_7__an_unverified_account_is_deleted_after_thirty_days);
async fn v5_0_0__14_2_7__an_unverified_account_is_deleted_after_thirty_days(site: Social) {
    let app = &site.app;
    // These accounts stay: verified, linked, or created by the operator.
    app.browser().sign_up(EVE).await;
    app.run("UPDATE users SET email_verified_at = created_at").await;
    app.browser().sign_up("brought@example.com").await;
    app.run("UPDATE users SET signed_up = FALSE WHERE email = 'brought@example.com'").await;
    site.signed_in_browser("idp", &ProviderUser::named("linked")).await;

    app.browser().sign_up(ADA).await;
    app.clock.advance(30 * DAY - 1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 4);
    app.clock.advance(1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 3);
    assert!(!app.all_rows().await.join("\n").contains(ADA));
    let told = "SELECT COUNT(*) FROM audit_events WHERE kind = 'deleted_unproven'";
    assert_eq!(app.number(told).await, 1);
    // The email address can be used to sign up again.
    app.signed_in_browser(ADA).await;
    app.clock.advance(365 * DAY);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 3);
}

on_both!(an_unverified_account_in_use_is_not_deleted);
async fn an_unverified_account_in_use_is_not_deleted(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    browser.at = "/sign-in".to_owned();
    let fields = [("email", ADA), ("password", PASSWORD), ("remember", "on")];
    browser.post_form("/api/sign-in/password", &fields).await;
    // Used every day until the session expires.
    for _ in 0..29 {
        app.clock.advance(DAY);
        assert!(browser.is_signed_in().await);
    }
    app.clock.advance(DAY);
    assert!(!browser.is_signed_in().await);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1);
    // Not used for another 30 days.
    app.clock.advance(30 * DAY - 1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1);
    app.clock.advance(1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 0);
}

on_both!(an_unverified_account_is_not_deleted_while_it_can_be_recovered);
async fn an_unverified_account_is_not_deleted_while_it_can_be_recovered(engine: Engine) {
    let settings = "[account]\nunproven = \"1s\"\n[session]\nidle = \"1s\"\nabsolute = \"1s\"\n\
        remembered_idle = \"1s\"\nremembered_absolute = \"1s\"\n[ticket]\nverification = \"1s\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    let mut browser = app.signed_in_browser(ADA).await;
    assert_eq!(browser.call(ASK, &[]).await.status, 200);
    app.run("DELETE FROM tickets").await;
    app.clock.advance(DAY);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1, "the fortnight of a deletion is not over");

    app.run("UPDATE users SET deletes_at = NULL").await;
    assert_eq!(browser.call("/api/recovery/ask", &[("email", ADA)]).await.status, 200);
    app.mails().await;
    for (days, users) in [(1, 1), (7, 0)] {
        app.clock.advance(days * DAY);
        jobs::run_sweeps(&app.app).await;
        assert_eq!(app.count_users().await, users, "its mails lead back for seven days");
    }
}

on_both!(a_concurrent_sign_in_saves_an_account_from_the_sweep);
async fn a_concurrent_sign_in_saves_an_account_from_the_sweep(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.clock.advance(365 * DAY);
    app.run("DELETE FROM tickets").await;
    // A sign-in that has locked the user but not committed.
    let mut tx = app.app.db.begin().await.unwrap();
    let lock = "UPDATE users SET updated_at = updated_at";
    tx.execute(lock, args![]).await.map(drop).unwrap();
    let note = "UPDATE users SET last_used_at = $1";
    let now = app.clock.now();
    tx.execute(note, args![now]).await.map(drop).unwrap();
    let held = Arc::clone(&app.app);
    let sweep = tokio::spawn(async move { jobs::run_sweeps(&held).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!sweep.is_finished(), "it waits for who came first");
    tx.commit().await.unwrap();
    sweep.await.unwrap();
    assert_eq!(app.count_users().await, 1);
    let told = "SELECT COUNT(*) FROM audit_events WHERE kind = 'deleted_unproven'";
    assert_eq!(app.number(told).await, 0);
}

on_both!(a_session_mail_role_or_disabling_protects_an_unverified_account);
async fn a_session_mail_role_or_disabling_protects_an_unverified_account(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.run("UPDATE users SET created_at = 0").await;
    app.run("UPDATE users SET last_used_at = NULL").await;
    app.clock.advance(2 * DAY);
    app.run("DELETE FROM mails").await;
    app.run("DELETE FROM tickets").await;
    app.run("UPDATE sessions SET expires_at = expires_at + 1000000").await;
    jobs::run_sweeps(&app.app).await;
    assert!(browser.is_signed_in().await, "its session is what keeps it");

    app.run("DELETE FROM sessions").await;
    // Signing up again sends a mail that says that the account exists.
    app.browser().sign_up(ADA).await;
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1);
    app.run("DELETE FROM mails").await;
    // Accounts with a role and disabled accounts do not count as forgotten.
    for (keep, back) in [
        (
            "INSERT INTO user_roles (user_id, role_id, granted_at) \
             SELECT id, 'administrator', 1 FROM users",
            "DELETE FROM user_roles",
        ),
        ("UPDATE users SET disabled_at = 1", "UPDATE users SET disabled_at = NULL"),
    ] {
        app.run(keep).await;
        jobs::run_sweeps(&app.app).await;
        assert_eq!(app.count_users().await, 1, "{keep}");
        app.run(back).await;
    }
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 0);
}

on_both!(recording_a_sign_in_waits_for_the_lock_on_the_user);
async fn recording_a_sign_in_waits_for_the_lock_on_the_user(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.clock.advance(2 * DAY);
    let mut tx = app.app.db.begin().await.unwrap();
    let lock = "UPDATE users SET updated_at = updated_at";
    tx.execute(lock, args![]).await.map(drop).unwrap();
    let comes = tokio::spawn(async move {
        browser.sign_in(ADA).await;
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!comes.is_finished());
    tx.commit().await.unwrap();
    comes.await.unwrap();
}

on_both!(an_unverified_account_is_deleted_even_after_its_events_are_trimmed);
async fn an_unverified_account_is_deleted_even_after_its_events_are_trimmed(engine: Engine) {
    let settings = "[audit]\nkeep = \"1d\"\n[account]\nunproven = \"3d\"\n[mail]\nkeep = \"1d\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    let mut browser = app.signed_in_browser(ADA).await;
    assert_eq!(browser.call("/api/sign-out", &[]).await.status, 200);
    app.mails().await;
    app.clock.advance(2 * DAY);
    jobs::run_sweeps(&app.app).await;
    let left = "SELECT COUNT(*) FROM audit_events WHERE kind IN ('signed_up', 'signed_in')";
    assert_eq!((app.number(left).await, app.count_users().await), (0, 1));
    // The longest session lasts 30 days.
    app.clock.advance(31 * DAY - 1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1);
    app.clock.advance(1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 0);
}

on_both!(using_a_not_me_link_counts_as_using_the_account);
async fn using_a_not_me_link_counts_as_using_the_account(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.mails().await;
    let mut browser = app.browser();
    browser.call("/api/recovery/ask", &[("email", ADA)]).await;
    let link = app.mail().await.not_me();
    app.clock.advance(DAY);
    browser.visit(&link).await;
    assert_eq!(browser.call("/api/recovery/not-me", &[]).await.status, 200);
    assert_eq!(app.number("SELECT last_used_at FROM users").await, app.clock.now());
}

on_both!(an_unverified_account_is_deleted_after_a_temporary_disabling_ends);
async fn an_unverified_account_is_deleted_after_a_temporary_disabling_ends(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.run("UPDATE users SET disabled_at = created_at, disabled_until = created_at + 60").await;
    app.browser().sign_up(EVE).await;
    app.run("UPDATE users SET disabled_at = created_at WHERE email_key = 'eve@example.com'").await;
    for _ in 0..60 {
        app.clock.advance(86400);
        jobs::run_sweeps(&app.app).await;
    }
    let left = app.text("SELECT email FROM users").await;
    assert_eq!(left, EVE, "one that is disabled still is not meant");
}
