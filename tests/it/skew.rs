//! Records written by one process are valid in another whose clock is a few seconds behind.

use portcullis::args;
use portcullis::server::Clock;

use crate::support::app::run_jobs;
use crate::support::{ADA, Engine, OTHER_PASSWORD, TestApp};

/// How many seconds the second clock is behind.
const BEHIND: i64 = 5;

async fn app_behind(app: &TestApp, settings: &str) -> std::sync::Arc<portcullis::server::App> {
    app.open_with_clock(settings, Clock::fixed(app.clock.now() - BEHIND)).await
}

on_both!(v5_0_0__6_5_5__a_mailed_code_and_link_work_in_a_process_whose_clock_is_behind);
async fn v5_0_0__6_5_5__a_mailed_code_and_link_work_in_a_process_whose_clock_is_behind(
    app: TestApp,
) {
    app.signed_in_browser(ADA).await;
    app.mails().await;
    let other = app_behind(&app, "").await;
    for by_link in [false, true] {
        let mut browser = app.browser();
        assert_eq!(browser.call("/api/sign-in/mail", &[("email", ADA)]).await.status, 200);
        let mail = app.mails().await.into_iter().find(|it| it.subject.contains("code")).unwrap();
        let code = mail.text.split("Your sign-in code: ").nth(1).unwrap()[..6].to_owned();
        let mut browser = browser.with_app(&other);
        let answer = if by_link {
            browser.get(&mail.link()).await;
            browser.call("/api/sign-in/link", &[]).await
        } else {
            browser.call("/api/sign-in/code", &[("code", &code)]).await
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

on_both!(v5_0_0__6_3_1__the_longest_delay_holds_in_a_process_whose_clock_is_behind);
async fn v5_0_0__6_3_1__the_longest_delay_holds_in_a_process_whose_clock_is_behind(engine: Engine) {
    let settings = "[password]\nfree_failures = 1\nmax_delay = \"4s\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    app.browser().sign_up(ADA).await;
    let fields = [("email", ADA), ("password", OTHER_PASSWORD)];
    let mut browser = app.browser();
    for wait in [0, 1, 2, 4] {
        assert_eq!(browser.call("/api/sign-in/password", &fields).await.status, 401);
        app.clock.advance(wait);
    }
    assert_eq!(browser.call("/api/sign-in/password", &fields).await.status, 401);
    let mut browser = browser.with_app(&app_behind(&app, settings).await);
    assert_eq!(browser.call("/api/sign-in/password", &fields).await.status, 429);
}

on_both!(v5_0_0__6_3_1__a_limit_holds_in_a_process_whose_clock_is_behind);
async fn v5_0_0__6_3_1__a_limit_holds_in_a_process_whose_clock_is_behind(engine: Engine) {
    let settings = "[limit]\nrecovery_account = \"2/1h\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    let mut browser = app.browser();
    for expected in [200, 200, 429] {
        let answer = browser.call("/api/recovery/ask", &[("email", ADA)]).await;
        assert_eq!(answer.status, expected);
    }
    let mut browser = browser.with_app(&app_behind(&app, settings).await);
    let answer = browser.call("/api/recovery/ask", &[("email", ADA)]).await;
    assert_eq!(answer.status, 429);
}

on_both!(a_process_whose_clock_is_behind_leaves_a_postponed_mail_alone);
async fn a_process_whose_clock_is_behind_leaves_a_postponed_mail_alone(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let longest = app.clock.now() + 900;
    let put_off = "UPDATE mails SET tries = 9, due_at = $1";
    app.app.db.execute(put_off, args![longest]).await.map(drop).unwrap();
    let other = app_behind(&app, "").await;
    run_jobs(&other).await.unwrap();
    assert_eq!(app.number("SELECT COUNT(sent_at) FROM mails").await, 0);
    assert_eq!(app.number("SELECT MAX(due_at) FROM mails").await, longest);
}
