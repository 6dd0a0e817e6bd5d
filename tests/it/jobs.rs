//! Jobs: each continues whatever happens to the others, and operators learn their state.

use std::sync::Arc;
use std::time::Duration;

use portcullis::args;
use portcullis::mail::server::{self as mail, Mail};
use portcullis::server::App;
use portcullis::server::jobs::{self, Job, JobFuture};

use crate::support::app::{Database, Folder, run_jobs};
use crate::support::process::{Server, has_row, out, run};
use crate::support::{ADA, EVE, Engine, TestApp};

/// Panics each time it finds a row to delete.
fn panics(app: Arc<App>) -> JobFuture {
    const TAKE: &str = "DELETE FROM jobs WHERE name = 'bomb'";
    Box::pin(async move {
        let taken = app.db.execute(TAKE, args![]).await;
        assert_eq!(taken.unwrap(), 0, "a bomb");
        Ok(())
    })
}

fn steady(_: Arc<App>) -> JobFuture {
    Box::pin(async { Ok(()) })
}

const BOMB: &str = "INSERT INTO jobs (name, succeeded_at) VALUES ('bomb', 0)";

on_both!(a_panicking_job_is_retried_and_does_not_block_others);
async fn a_panicking_job_is_retried_and_does_not_block_others(app: TestApp) {
    app.run(BOMB).await;
    let pause = Duration::from_millis(10);
    let job = |name, run| Job { name, pause, run };
    tokio::spawn(jobs::supervise(Arc::clone(&app.app), job("shaky", panics), Duration::ZERO));
    let recorded = async |sql| {
        for _ in 0..200 {
            if app.number(sql).await == 1 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    };
    assert!(recorded("SELECT 1 - COUNT(*) FROM jobs WHERE name = 'bomb'").await, "it panicked");
    tokio::spawn(jobs::supervise(Arc::clone(&app.app), job("steady", steady), Duration::ZERO));
    assert!(recorded("SELECT COUNT(*) FROM jobs WHERE name = 'steady'").await);
    assert_eq!(app.number("SELECT COUNT(*) FROM jobs WHERE name = 'shaky'").await, 0);
    assert!(recorded("SELECT COUNT(*) FROM jobs WHERE name = 'shaky'").await, "it ran again");
}

on_both!(a_failing_mail_request_does_not_block_those_behind_it);
async fn a_failing_mail_request_does_not_block_those_behind_it(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.browser().sign_up(EVE).await;
    app.mails().await;
    // From now on, a second mail to Ada fails.
    app.run("DELETE FROM mails WHERE recipient = 'eve@example.com'").await;
    app.run("CREATE UNIQUE INDEX mails_spoilt ON mails (recipient)").await;
    for path in ["/api/recovery/ask", "/api/sign-in/mail"] {
        for email in [ADA, EVE] {
            assert_eq!(app.browser().call(path, &[("email", email)]).await.status, 200);
        }
        assert!(run_jobs(&app.app).await.is_err());
        let mails = "SELECT COUNT(*) FROM mails WHERE recipient = 'eve@example.com'";
        assert_eq!(app.number(mails).await, 1, "{path}");
        app.run("DELETE FROM mails WHERE recipient = 'eve@example.com'").await;
    }
}

on_both!(one_pass_sends_a_bounded_number_of_mails);
async fn one_pass_sends_a_bounded_number_of_mails(app: TestApp) {
    let samples = Mail::samples("http://localhost:3000/");
    let mut tx = app.app.db.begin().await.unwrap();
    for n in 0..300 {
        let to = format!("user{n}@example.com").parse().unwrap();
        mail::send(&app.app, &mut tx, None, &to, &samples[0]).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(app.mails().await.len(), 256);
    assert_eq!(app.mails().await.len(), 44);
}

on_both!(readiness_reports_the_age_of_each_job_and_does_not_fail_for_a_late_one);
async fn readiness_reports_the_age_of_each_job_and_does_not_fail_for_a_late_one(app: TestApp) {
    let mut stranger = app.browser();
    let mut ready = async || {
        let answer = stranger.get("/health/ready").await;
        assert_eq!(answer.status, 200);
        answer.text()
    };
    let text = ready().await;
    assert!(text.starts_with("ready\n"), "{text}");
    for job in jobs::all(&app.app) {
        assert!(text.contains(&format!("\n{}: never succeeded\n", job.name)), "{text}");
    }
    let now = app.clock.now();
    let record = "INSERT INTO jobs (name, succeeded_at) VALUES ('mail', $1)";
    app.app.db.execute(record, args![now]).await.map(drop).unwrap();
    assert!(ready().await.contains("\nmail: succeeded 0 s ago\n"));
    app.clock.advance(jobs::LATE_AFTER + 1);
    assert!(ready().await.contains("\nmail: succeeded 901 s ago, late\n"));
}

on_both!(doctor_reports_a_late_job);
async fn doctor_reports_a_late_job(engine: Engine) {
    let folder = Folder::new();
    let database = Database::create(engine.clone(), folder.path()).await;
    let settings = [("PORTCULLIS_DATABASE__URL", database.url.as_str())];
    run(folder.path(), &settings, &["migrate"]);
    // This command creates the key.
    run(folder.path(), &settings, &["user", "create", ADA]);
    let looked = run(folder.path(), &settings, &["doctor"]);
    assert_eq!(looked.status.code(), Some(0), "nobody serves yet: {}", out(&looked));
    assert!(has_row(&out(&looked), "warning jobs"), "{}", out(&looked));

    let mut server = Server::start(folder.path(), &settings);
    // The last job starts eight seconds after the process.
    let mut said = String::new();
    for _ in 0..40 {
        said = out(&run(folder.path(), &settings, &["doctor"]));
        assert!(!has_row(&said, "error jobs"), "a server that has just started: {said}");
        if has_row(&said, "ok jobs") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(has_row(&said, "ok jobs") && said.contains("each succeeded in the last"), "{said}");
    server.kill();

    let old = "UPDATE jobs SET succeeded_at = succeeded_at - 7200 WHERE name = 'mail'";
    match engine {
        Engine::Sqlite => {
            let pool = sqlx::SqlitePool::connect(&database.url).await.unwrap();
            sqlx::query(old).execute(&pool).await.unwrap();
            pool.close().await;
        }
        Engine::Postgres(_) => {
            let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
            sqlx::query(old).execute(&pool).await.unwrap();
            pool.close().await;
        }
    }
    let looked = run(folder.path(), &settings, &["doctor"]);
    assert_eq!(looked.status.code(), Some(3), "{}", out(&looked));
    assert!(out(&looked).contains("mail last succeeded 120 minutes ago"), "{}", out(&looked));
}

on_both!(a_job_success_dated_in_the_future_does_not_count);
async fn a_job_success_dated_in_the_future_does_not_count(app: TestApp) {
    run_jobs(&app.app).await.unwrap();
    let ahead = app.clock.now() + 400 * 86400;
    let write = "INSERT INTO jobs VALUES ('mail', $1) \
        ON CONFLICT (name) DO UPDATE SET succeeded_at = excluded.succeeded_at";
    app.app.db.execute(write, args![ahead]).await.map(drop).unwrap();
    let ages = jobs::ages(&app.app).await.unwrap();
    let mail = ages.iter().find(|it| it.name == "mail").unwrap();
    assert!(mail.seconds.is_none() && mail.is_late(), "{mail:?}");
}
