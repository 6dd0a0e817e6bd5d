//! A wrong clock deletes nothing and leaves no record that lives forever.

use std::sync::Arc;

use portcullis::audit::server::{chain, verify};
use portcullis::server::timekeeper::Doubt;
use portcullis::server::{App, Timekeeper, jobs};
use serde_json::json;
use sqlx::migrate::Migrator;

use crate::support::app::{Database, Folder, run_jobs};
use crate::support::smtp::Smtp;
use crate::support::{ADA, Browser, EVE, Engine, PASSWORD, ProviderUser, Social, TestApp};

const DAY: i64 = 86400;
const SETTINGS: &str = "[audit]\nkeep = \"30d\"\n";

/// Returns a browser that uses a second process.
fn browser_at(app: &TestApp, other: &Arc<App>) -> Browser {
    app.browser().with_app(other)
}

/// Creates records of every kind that is deleted by age: a user whose deletion is pending, users who are not
/// verified, their sessions, tickets, known places and mails, failures, limits, sign-ins, and audit events.
async fn create_aging_records(app: &TestApp) {
    app.signed_in_browser(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    eve.call("/api/deletion/ask", &[]).await;
    app.browser().sign_up("nobody@example.com").await;
    app.browser().try_sign_in(ADA, "wrong").await;
    app.mails().await;
    app.browser().call("/api/sign-in/mail", &[("email", ADA)]).await;
    chain::seal(&app.app).await.unwrap();
}

/// Returns every row except the recorded time.
async fn rows(app: &TestApp) -> Vec<String> {
    let mut rows = app.all_rows().await;
    rows.retain(|it| !it.starts_with("clock: "));
    rows
}

on_both!(a_process_whose_clock_is_ahead_deletes_nothing);
async fn a_process_whose_clock_is_ahead_deletes_nothing(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    create_aging_records(&app).await;
    let before = rows(&app).await;
    for days in [1, 40, 400, 40_000] {
        let wrong = app.open_ahead(days * DAY, SETTINGS).await;
        for _ in 0..3 {
            jobs::run_sweeps(&wrong).await;
        }
        assert_eq!(rows(&app).await, before, "{days} days ahead");
        assert!(wrong.timekeeper.doubt().is_some());
        // The process with the right clock deletes nothing either.
        jobs::run_sweeps(&app.app).await;
        assert_eq!(rows(&app).await, before, "{days} days ahead");
        assert_eq!(app.app.timekeeper.doubt(), None);
    }
}

on_both!(a_process_whose_clock_is_behind_deletes_nothing);
async fn a_process_whose_clock_is_behind_deletes_nothing(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    create_aging_records(&app).await;
    let before = rows(&app).await;
    for days in [1, 400, 15_000] {
        let wrong = app.open_ahead(-days * DAY, SETTINGS).await;
        jobs::run_sweeps(&wrong).await;
        assert_eq!(rows(&app).await, before, "{days} days behind");
        assert!(wrong.timekeeper.doubt().is_some());
    }
}

on_both!(setting_the_clock_ahead_while_a_process_runs_deletes_nothing);
async fn setting_the_clock_ahead_while_a_process_runs_deletes_nothing(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    create_aging_records(&app).await;
    let before = rows(&app).await;
    jobs::run_sweeps(&app.app).await;
    assert_eq!(rows(&app).await, before);
    app.clock.shift(400 * DAY);
    // This holds even before the next check.
    assert!(app.app.timekeeper.range().earliest < app.clock.now() - 399 * DAY);
    for _ in 0..3 {
        jobs::run_sweeps(&app.app).await;
        assert_eq!(rows(&app).await, before);
    }
    // Once it is right again, it is trusted at once.
    app.clock.shift(-400 * DAY);
    jobs::run_sweeps(&app.app).await;
    assert_eq!((app.app.timekeeper.doubt(), rows(&app).await), (None, before));
}

async fn confirm(app: &Arc<App>) -> Option<Doubt> {
    let mut tx = app.db.begin().await.unwrap();
    let doubt = app.timekeeper.confirm(&app.db, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    doubt
}

/// Simulates a site that was off for 400 days: its records and the recorded time are that old.
async fn simulate_downtime(app: &TestApp) {
    create_aging_records(app).await;
    app.clock.advance(400 * DAY);
}

on_both!(a_site_that_was_off_resumes_deleting_after_a_day);
async fn a_site_that_was_off_resumes_deleting_after_a_day(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    simulate_downtime(&app).await;
    let users = app.count_users().await;
    let again = app.open_ahead(0, SETTINGS).await;
    for _ in 0..24 {
        jobs::run_sweeps(&again).await;
        assert!(matches!(again.timekeeper.doubt(), Some(Doubt::Recorded { .. })));
        assert_eq!(app.count_users().await, users);
        again.clock.advance(3600);
    }
    jobs::run_sweeps(&again).await;
    assert_eq!(again.timekeeper.doubt(), None);
    assert_eq!(app.count_users().await, users - 3, "none had proven their address");
}

on_both!(a_site_that_was_off_resumes_deleting_once_the_clock_is_confirmed);
async fn a_site_that_was_off_resumes_deleting_once_the_clock_is_confirmed(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    simulate_downtime(&app).await;
    let users = app.count_users().await;
    let again = app.open_ahead(0, SETTINGS).await;
    jobs::run_sweeps(&again).await;
    assert_eq!(app.count_users().await, users);
    // As `portcullis clock confirm` does, in its own process.
    let command = app.open_ahead(0, SETTINGS).await;
    assert_eq!(confirm(&command).await, None);
    jobs::run_sweeps(&again).await;
    assert_eq!((again.timekeeper.doubt(), app.count_users().await), (None, users - 3));
}

on_both!(a_clock_contradicted_by_another_process_is_never_trusted);
async fn a_clock_contradicted_by_another_process_is_never_trusted(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    create_aging_records(&app).await;
    let users = app.count_users().await;
    let wrong = app.open_ahead(400 * DAY, SETTINGS).await;
    for _ in 0..60 {
        jobs::run_sweeps(&app.app).await;
        jobs::run_sweeps(&wrong).await;
        for clock in [&app.clock, &wrong.clock] {
            clock.advance(3600);
        }
        assert!(wrong.timekeeper.doubt().is_some());
    }
    assert_eq!(app.count_users().await, users);
}

on_both!(v5_0_0__16_2_2__a_clock_contradicted_by_the_database_server_is_not_trusted);
async fn v5_0_0__16_2_2__a_clock_contradicted_by_the_database_server_is_not_trusted(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    create_aging_records(&app).await;
    let users = app.count_users().await;
    let wrong = app.open_ahead(400 * DAY, SETTINGS).await;
    // No other process records a time for two days.
    for _ in 0..48 {
        jobs::run_sweeps(&wrong).await;
        wrong.clock.advance(3600);
    }
    let confirmed = confirm(&wrong).await;
    if app.is_postgres() {
        assert!(matches!(wrong.timekeeper.doubt(), Some(Doubt::Database { .. })));
        assert!(matches!(confirmed, Some(Doubt::Database { .. })));
        assert_eq!(app.count_users().await, users);
    } else {
        assert_eq!((wrong.timekeeper.doubt(), confirmed), (None, None));
        assert_eq!(app.count_users().await, users - 3, "a file has no clock of its own");
    }
}

on_both!(the_clock_is_trusted_after_a_restart_within_an_hour);
async fn the_clock_is_trusted_after_a_restart_within_an_hour(app: TestApp) {
    app.clock.advance(3600);
    let again = app.open_ahead(0, "").await;
    assert_eq!(again.timekeeper.doubt(), None);
    app.clock.advance(3601);
    let again = app.open_ahead(0, "").await;
    assert!(again.timekeeper.doubt().unwrap().to_string().contains("3601 s ahead of"));
    assert!(Timekeeper::start(again.clock.clone(), &again.db).await.is_ok());
}

on_both!(v5_0_0__7_3_2__a_session_started_while_a_clock_was_ahead_is_invalid);
async fn v5_0_0__7_3_2__a_session_started_while_a_clock_was_ahead_is_invalid(app: TestApp) {
    let mut right = app.signed_in_browser(ADA).await;
    for (ahead, lives) in [(290, true), (310, false), (2 * 3600, false), (400 * DAY, false)] {
        let wrong = app.open_ahead(ahead, "").await;
        let mut browser = browser_at(&app, &wrong);
        browser.sign_in(ADA).await;
        assert!(browser.is_signed_in().await, "{ahead}");
        let mut browser = browser.with_app(&app.app);
        assert_eq!(browser.is_signed_in().await, lives, "{ahead}");
        let listed = right.call("/api/sessions", &[]).await.json();
        let count = listed["sessions"].as_array().unwrap().len();
        assert_eq!(count, if lives { 2 } else { 1 }, "{ahead}");
        let overview = right.call("/api/overview", &[]).await.json();
        assert_eq!(overview["sessions"], json!(count), "{ahead}");
        app.run("DELETE FROM sessions WHERE id <> (SELECT MIN(id) FROM sessions)").await;
    }
    // A session that began under the right clock and was then used at a process whose clock is ahead.
    let wrong = app.open_ahead(3600, "").await;
    let mut seen = app.browser();
    seen.sign_in(ADA).await;
    let mut seen = seen.with_app(&wrong);
    assert!(seen.is_signed_in().await);
    assert!(!seen.with_app(&app.app).is_signed_in().await);
}

on_both!(records_dated_in_the_future_age_from_now);
async fn records_dated_in_the_future_age_from_now(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    let wrong = app.open_ahead(400 * DAY, SETTINGS).await;
    let mut browser = browser_at(&app, &wrong);
    browser.sign_up(ADA).await;
    browser.sign_in(ADA).await;
    let mut eve = browser_at(&app, &wrong);
    eve.sign_up(EVE).await;
    eve.sign_in(EVE).await;
    assert_eq!(eve.call("/api/deletion/ask", &[]).await.status, 200);
    browser_at(&app, &wrong).try_sign_in(ADA, "wrong").await;
    browser_at(&app, &wrong).call("/api/sign-in/mail", &[("email", ADA)]).await;
    run_jobs(&wrong).await.unwrap();
    jobs::run_sweeps(&app.app).await;
    for sql in ["SELECT COUNT(*) FROM sessions", "SELECT COUNT(*) FROM mailed_sign_ins"] {
        assert_eq!(app.number(sql).await, 0, "{sql}");
    }
    let now = app.clock.now() + 300;
    for (sql, last) in [
        ("SELECT MAX(created_at) FROM users", now),
        ("SELECT MAX(last_used_at) FROM users", now),
        ("SELECT MAX(deletes_at) FROM users", now + 14 * DAY),
        ("SELECT MAX(seen_at) FROM known_places", now),
        ("SELECT MAX(failed_at) FROM password_failures", now),
        ("SELECT MAX(created_at) FROM tickets", now),
        ("SELECT MAX(expires_at) FROM tickets", now + 7 * DAY),
        ("SELECT MAX(created_at) FROM mails", now),
        ("SELECT MAX(sent_at) FROM mails", now),
        ("SELECT MAX(arrival) FROM limits", (now + DAY) * 1000),
    ] {
        let found = app.number(sql).await;
        assert!(found <= last, "{sql}: {found} is {} s late", found - last);
    }
    app.clock.advance(14 * DAY);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 1, "the deletion is done when it was asked for");
    app.clock.advance(46 * DAY);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.count_users().await, 0);
}

on_both!(an_event_dated_in_the_future_does_not_stop_trimming);
async fn an_event_dated_in_the_future_does_not_stop_trimming(engine: Engine) {
    let app = TestApp::with_settings(engine, SETTINGS).await;
    app.browser().try_sign_in(ADA, "wrong").await;
    let wrong = app.open_ahead(400 * DAY, SETTINGS).await;
    browser_at(&app, &wrong).try_sign_in(ADA, "wrong").await;
    chain::seal(&app.app).await.unwrap();
    app.browser().try_sign_in(ADA, "wrong").await;
    chain::seal(&app.app).await.unwrap();
    let start = "SELECT position FROM audit_chain WHERE mark = 'start'";
    app.clock.advance(30 * DAY);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.number(start).await, 0);
    app.clock.advance(1);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.number(start).await, 3);
    assert_eq!(verify::verify(&app.app, None, |_, _| ()).await.unwrap().broken, None);
}

on_both!(a_temporarily_disabled_user_is_not_enabled_by_a_wrong_clock);
async fn a_temporarily_disabled_user_is_not_enabled_by_a_wrong_clock(app: TestApp) {
    let mut root = app.administrator("root@example.com").await;
    app.signed_in_browser(ADA).await;
    app.mails().await;
    app.run(
        "UPDATE users SET disabled_at = created_at, disabled_until = created_at + 86400 \
         WHERE email_key = 'ada@example.com'",
    )
    .await;
    let wrong = app.open_ahead(400 * DAY, "").await;
    let mut browser = browser_at(&app, &wrong);
    assert!(browser.try_sign_in(ADA, PASSWORD).await.alerts() > 0);
    assert_eq!(browser.session(), None);
    for action in ["/api/recovery/ask", "/api/sign-in/mail"] {
        assert_eq!(browser.call(action, &[("email", ADA)]).await.status, 200);
    }
    run_jobs(&wrong).await.unwrap();
    assert!(app.mails().await.is_empty(), "nor is one written to");
    let mut there = browser_at(&app, &wrong);
    there.sign_in("root@example.com").await;
    let refused = app.act_on_user(&mut there, "impersonate", ADA, &[]).await;
    assert_eq!(refused.json(), json!("above"));
    assert_eq!(app.act_on_user(&mut root, "impersonate", ADA, &[]).await.json(), json!("above"));
    app.clock.advance(DAY);
    app.browser().sign_in(ADA).await;
}

on_both!(two_processes_with_different_clocks_share_their_limits);
async fn two_processes_with_different_clocks_share_their_limits(engine: Engine) {
    let settings = "[limit]\nrecovery_account = \"3/1h\"\n";
    let app = TestApp::with_settings(engine, settings).await;
    let mut right = app.browser();
    for days in [400, -400] {
        let wrong = app.open_ahead(days * DAY, settings).await;
        let mut browser = browser_at(&app, &wrong);
        let mut statuses = Vec::new();
        for _ in 0..3 {
            for it in [&mut right, &mut browser] {
                let answer = it.call("/api/recovery/ask", &[("email", ADA)]).await;
                statuses.push(answer.status.as_u16());
            }
        }
        assert_eq!(statuses, [200, 200, 200, 429, 429, 429], "{days}");
        app.run("DELETE FROM limits").await;
    }
}

on_both!(two_processes_with_different_clocks_share_the_delay_after_wrong_passwords);
async fn two_processes_with_different_clocks_share_the_delay_after_wrong_passwords(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let wrong = app.open_ahead(400 * DAY, "").await;
    let mut statuses = Vec::new();
    for n in 0..8 {
        let mut browser = if n % 2 == 0 { app.browser() } else { browser_at(&app, &wrong) };
        let fields = [("email", ADA), ("password", "wrong")];
        statuses.push(browser.call("/api/sign-in/password", &fields).await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 429, 429]);
}

on_both!(queued_mail_is_not_given_up_because_of_a_wrong_clock);
async fn queued_mail_is_not_given_up_because_of_a_wrong_clock(engine: Engine) {
    let smtp = Smtp::new();
    let settings = format!("[mail]\nsmtp_url = \"smtp://127.0.0.1:{}\"\n", smtp.port);
    let app = TestApp::with_settings(engine, &settings).await;
    app.browser().sign_up(ADA).await;
    let wrong = app.open_ahead(400 * DAY, &settings).await;
    run_jobs(&wrong).await.unwrap();
    let tried = "SELECT COUNT(*) FROM mails WHERE tries = 1 AND given_up_at IS NULL";
    assert_eq!(app.number(tried).await, 1);
}

on_both!(v5_0_0__7_5_1__an_authentication_dated_in_the_future_does_not_count);
async fn v5_0_0__7_5_1__an_authentication_dated_in_the_future_does_not_count(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for (by, status) in [("290", 200), ("20", 403)] {
        // The second is added to the first.
        let sql = format!("UPDATE sessions SET authenticated_at = authenticated_at + {by}");
        app.app.db.execute(sql.leak(), portcullis::args![]).await.unwrap();
        let answer = browser.call("/api/sessions/end", &[("id", "none")]).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

on_both!(a_flash_dated_in_the_future_is_not_shown);
async fn a_flash_dated_in_the_future_is_not_shown(app: TestApp) {
    for (ahead, alerts) in [(60, 1), (600, 0)] {
        let wrong = app.open_ahead(ahead, "").await;
        let mut browser = browser_at(&app, &wrong);
        browser.at = "/sign-in".to_owned();
        let fields = [("email", ADA), ("password", "wrong")];
        assert_eq!(browser.post("/api/sign-in/password", &fields).await.status, 303);
        let page = browser.with_app(&app.app).get("/sign-in").await;
        assert_eq!(page.alerts(), alerts, "{ahead}");
    }
}

on_both!(a_provider_sign_in_dated_in_the_future_is_refused_and_swept);
async fn a_provider_sign_in_dated_in_the_future_is_refused_and_swept(site: Social) {
    for (ahead, arrives) in [("300", true), ("320", false)] {
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at("idp").await;
        let sql = format!("UPDATE sign_in_attempts SET expires_at = expires_at + {ahead}");
        site.app.app.db.execute(sql.leak(), portcullis::args![]).await.unwrap();
        let person = ProviderUser::named("ada").with_email(ADA, true);
        browser.visit(&site.idp.consent(&authorize, &person)).await;
        assert_eq!(browser.at == "/dashboard", arrives, "{ahead} s");
    }
    jobs::run_sweeps(&site.app.app).await;
    let rows = "SELECT COUNT(*) FROM authorization_requests";
    assert_eq!(site.app.number(rows).await, 0, "and is swept");
}

on_both!(a_migration_derives_user_state_from_the_audit_log);
async fn a_migration_derives_user_state_from_the_audit_log(engine: Engine) {
    let folder = Folder::new();
    let database = Database::create(engine, folder.path()).await;
    let mut older = Migrator::new(std::path::Path::new("migrations")).await.unwrap();
    let all = older.migrations.to_vec();
    older.migrations = all.iter().filter(|it| it.version < 16).cloned().collect();
    let app = TestApp::with_older_database(folder, database, &older, |sql| {
        for (n, id) in ["signed", "made", "busy"].into_iter().enumerate() {
            sql.push(format!(
                "INSERT INTO users (id, display_name, created_at, updated_at)
                VALUES ('{id}', '', {n}, {n})"
            ));
        }
        for (id, user, at, kind) in [
            ("1", "signed", 10, "signed_up"),
            ("2", "signed", 20, "signed_in"),
            ("3", "signed", 30, "not_me"),
            ("4", "signed", 40, "name_changed"),
            ("5", "made", 50, "user_created"),
        ] {
            sql.push(format!(
                "INSERT INTO audit_events (id, at, user_id, kind, about, address, browser)
                VALUES ('{id}', {at}, '{user}', '{kind}', '', '', '')"
            ));
        }
        sql.push(
            "INSERT INTO sessions (id, id_digest, user_id, epoch, data, address, browser,
                remembered, created_at, seen_at, expires_at, acting_as, acting_until)
            VALUES ('s', 'd', 'busy', 0, '{}', '', '', TRUE, 60, 60, 9000, 'signed', 9000)"
                .to_owned(),
        );
    })
    .await;
    let found = "SELECT STRING_AGG(line, ' ') FROM (SELECT id || ':' ||
        CASE WHEN signed_up THEN 'up' ELSE '' END || COALESCE(CAST(last_used_at AS TEXT), '-')
        AS line FROM users ORDER BY id) u";
    assert_eq!(app.text(found).await, "busy:60 made:- signed:up30");
    let under_way = "SELECT session_id || ' ' || administrator || ' ' || acting_as
        FROM impersonations";
    assert_eq!(app.text(under_way).await, "s busy signed");
    // The migration took the recorded time from the newest event.
    assert!(matches!(app.app.timekeeper.doubt(), Some(Doubt::Recorded { .. })));
}
