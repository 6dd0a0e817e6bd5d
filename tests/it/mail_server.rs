//! Mail servers that misbehave or refuse.

use std::time::Duration;

use portcullis::mail::server::outbox::{self, ListedMail};
use portcullis::server::jobs;

use crate::support::app::{Database, Folder, run_jobs};
use crate::support::faulty_smtp::{FaultySmtp, STEPS, SmtpFault};
use crate::support::process::{has_row, out, run};
use crate::support::smtp::Smtp;
use crate::support::{ADA, Engine, TestApp};

/// Waits until the condition is true. A job runs about once a second.
async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

async fn newest_queued_mail(app: &TestApp) -> ListedMail {
    outbox::list(&app.app.db, "", 10).await.unwrap().pop().unwrap()
}

on_both!(v5_0_0__13_2_6__a_silent_mail_server_does_not_block_jobs);
async fn v5_0_0__13_2_6__a_silent_mail_server_does_not_block_jobs(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    app.mails().await;
    for (step, fault) in
        STEPS.map(|it| (it, SmtpFault::Silent)).into_iter().chain([("GREETING", SmtpFault::Drips)])
    {
        app.run("DELETE FROM mails").await;
        app.run("DELETE FROM limits").await;
        let rude = FaultySmtp::start(step, fault).await;
        let process = app.reopen(&rude.settings()).await;
        app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
        let worked = tokio::time::timeout(Duration::from_secs(20), run_jobs(&process)).await;
        assert_eq!(worked, Ok(Ok(())), "{step}: it ends");
        let mail = newest_queued_mail(&app).await;
        assert!(mail.sent_at.is_none() && mail.tries == 1, "{step}: {mail:?}");
        assert!(mail.problem.contains("timed out at"), "{step}: {mail:?}");
    }
    // With all jobs running: while one mail is being sent, the other jobs continue.
    let rude = FaultySmtp::start("END", SmtpFault::Silent).await;
    let patient = rude.settings().replace("1s", "1m");
    let process = app.reopen(&patient).await;
    app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
    jobs::start(&process);
    wait_until("a mail is being sent", async || rude.accepted() > 0).await;
    app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
    let waiting = "SELECT COUNT(*) FROM recovery_requests";
    wait_until("recovery goes on", async || app.number(waiting).await == 0).await;
    let unsealed = "SELECT COUNT(*) FROM audit_events WHERE position IS NULL";
    wait_until("sealing goes on", async || app.number(unsealed).await == 0).await;
}

on_both!(v5_0_0__13_2_6__an_endless_smtp_reply_is_cut_off);
async fn v5_0_0__13_2_6__an_endless_smtp_reply_is_cut_off(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    app.mails().await;
    for step in STEPS {
        app.run("DELETE FROM mails").await;
        app.run("DELETE FROM limits").await;
        let rude = FaultySmtp::start(step, SmtpFault::Endless).await;
        // This timeout is too long to end the reply.
        let process = app.reopen(&rude.settings().replace("1s", "4m")).await;
        app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
        let worked = tokio::time::timeout(Duration::from_secs(20), run_jobs(&process)).await;
        assert_eq!(worked, Ok(Ok(())), "{step}: it ends");
        let mail = newest_queued_mail(&app).await;
        assert!(mail.sent_at.is_none() && mail.problem.contains("is too long"), "{step}: {mail:?}");
    }
}

#[test]
fn v5_0_0__13_2_6__an_endless_smtp_reply_over_tls_is_cut_off() {
    crate::support::on_sqlite(|_| Box::pin(is_cut_off_behind_tls()));
}

async fn is_cut_off_behind_tls() {
    let folder = Folder::new();
    let (smtp, certificate) = Smtp::with_tls(folder.path());
    let key = folder.path().join("key.pem").display().to_string();
    // Sends its standard input to each client. Without `-nbio` it may wait for the client to speak first.
    let mut server = std::process::Command::new("openssl")
        .args(["s_server", "-quiet", "-nbio", "-accept", &smtp.port.to_string()])
        .args(["-cert", &certificate, "-key", &key])
        .stdin(std::fs::File::open("/dev/zero").unwrap())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let app = TestApp::start(Engine::Sqlite).await;
    app.browser().sign_up(ADA).await;
    wait_until("the server listens", async || {
        tokio::net::TcpStream::connect(("127.0.0.1", smtp.port)).await.is_ok()
    })
    .await;
    let settings = format!(
        "[mail]\nsmtp_url = \"smtps://localhost:{}\"\nca_file = {certificate:?}\ntimeout = \"4m\"\n",
        smtp.port
    );
    let process = app.reopen(&settings).await;
    let worked = tokio::time::timeout(Duration::from_secs(20), run_jobs(&process)).await;
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(worked, Ok(Ok(())), "it ends");
    let mail = newest_queued_mail(&app).await;
    assert!(mail.sent_at.is_none() && mail.problem.contains("is too long"), "{mail:?}");
}

on_both!(v5_0_0__13_2_6__an_unexpected_smtp_reply_is_refused);
async fn v5_0_0__13_2_6__an_unexpected_smtp_reply_is_refused(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    app.mails().await;
    for (step, replies, problem) in [
        ("MAIL", "250 well\r\n250 well\r\n250 well", "more than its reply"),
        ("GREETING", "220 rude\r\n250 injected", "more than its reply"),
        ("DATA", "250 well", "250 at DATA, not 354"),
    ] {
        app.run("DELETE FROM mails").await;
        app.run("DELETE FROM limits").await;
        let rude = FaultySmtp::start(step, SmtpFault::Replies(replies)).await;
        app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
        run_jobs(&app.reopen(&rude.settings()).await).await.unwrap();
        let mail = newest_queued_mail(&app).await;
        assert!(mail.sent_at.is_none() && mail.problem.contains(problem), "{step}: {mail:?}");
    }
}

on_both!(an_accepted_mail_is_sent_once_even_if_quit_fails);
async fn an_accepted_mail_is_sent_once_even_if_quit_fails(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    for (n, fault) in [SmtpFault::Silent, SmtpFault::Drips, SmtpFault::Replies("500 what?")]
        .into_iter()
        .enumerate()
    {
        let rude = FaultySmtp::start("QUIT", fault).await;
        let process = app.reopen(&rude.settings()).await;
        run_jobs(&process).await.unwrap();
        app.clock.advance(900);
        run_jobs(&process).await.unwrap();
        assert_eq!(rude.accepted(), 1, "{fault:?}");
        let sent = "SELECT COUNT(*) FROM mails WHERE sent_at IS NOT NULL";
        assert_eq!(app.number(sent).await, i64::try_from(n).unwrap() + 1);
        app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
    }
}

on_both!(a_permanent_refusal_of_a_mail_gives_it_up_and_one_of_our_server_does_not);
async fn a_permanent_refusal_of_a_mail_gives_it_up_and_one_of_our_server_does_not(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.create_user("root@example.com").await;
    app.assign_role("root@example.com", "administrator").await;
    app.browser().sign_up(ADA).await;
    app.mails().await;
    for (step, reply, is_final) in [
        ("RCPT", "550 5.1.1 no such user", true),
        ("RCPT", "550 unknown", true),
        ("RCPT", "552-5.2.2 full\r\n552 5.2.2 for ever", true),
        ("DATA", "554 no valid recipients", true),
        ("END", "554 5.6.0 malformed", true),
        ("RCPT", "550 5.7.1 refused by policy", true),
        ("RCPT", "450 4.2.0 greylisted", false),
        ("RCPT", "452 later", false),
        ("END", "451 4.3.0 later", false),
        // The server refuses us, not the mail: once that is fixed, the mail is sent.
        ("GREETING", "554 5.7.1 no service for you", false),
        ("EHLO", "504 5.5.2 need a full name", false),
        ("AUTH", "535 5.7.8 AUTH PLAIN AGFkYQBzZWNyZXQ=", false),
        ("MAIL", "553 5.7.1 not your address", false),
        ("MAIL", "550 no such sender", false),
        ("RCPT", "554 5.7.1 relay access denied", false),
        ("RCPT", "530 sign in first", false),
        ("RCPT", "503 5.5.1 sign in first", false),
        ("DATA", "502 not now", false),
        ("END", "550-5.7.26 unsigned\r\n550 5.7.26 mail", false),
    ] {
        app.run("DELETE FROM mails").await;
        app.run("DELETE FROM limits").await;
        app.run("DELETE FROM audit_events WHERE kind = 'mail_given_up'").await;
        let rude = FaultySmtp::start(step, SmtpFault::Replies(reply)).await;
        let settings = rude.settings().replace("smtp://", "smtp://ada:secret@");
        let process = app.reopen(&settings).await;
        app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
        run_jobs(&process).await.unwrap();
        let mail = newest_queued_mail(&app).await;
        assert_eq!((mail.sent_at, mail.tries), (None, 1), "{step} {reply}");
        assert_eq!(mail.given_up_at.is_some(), is_final, "{step} {reply}: {mail:?}");
        let said = mail.problem.matches(&reply[..3]).count();
        assert_eq!(said, 1, "once: {step} {reply}: {mail:?}");
        assert!(!mail.problem.contains("AGFkYQBzZWNyZXQ"), "{mail:?}");
        let given_up = "SELECT COUNT(*) FROM audit_events WHERE kind = 'mail_given_up'";
        assert_eq!(app.number(given_up).await, i64::from(is_final));
        let sealed = "SELECT COUNT(*) FROM mails WHERE sealed <> ''";
        assert_eq!(app.number(sealed).await, i64::from(!is_final), "what is final holds no ticket");
    }
    // The mail of the last refusal is still queued and is sent now.
    app.clock.advance(60);
    assert_eq!(app.mail().await.to, ADA);
}

on_both!(v5_0_0__16_3_4__administrators_see_that_mails_were_given_up);
async fn v5_0_0__16_3_4__administrators_see_that_mails_were_given_up(engine: Engine) {
    let rude = FaultySmtp::start("RCPT", SmtpFault::Replies("550 5.1.1 no such user")).await;
    let app = TestApp::with_settings(engine, &rude.settings()).await;
    let mut admin = app.signed_in_browser(ADA).await;
    app.assign_role(ADA, "administrator").await;
    run_jobs(&app.app).await.unwrap();
    // Without the markers that Leptos puts between nodes.
    let overview = admin.visit("/admin").await.text().replace("<!>", "");
    assert!(overview.contains("<dt>Mails given up</dt><dd>1</dd>"), "{overview}");
    let outbox = admin.visit("/admin/mail").await;
    assert!(outbox.shows("Given up at") && outbox.shows("550"), "{}", outbox.text());
    let list = admin.call("/api/admin/mail", &[]).await.json();
    let mut states = list["mails"].as_array().unwrap().iter().map(|it| &it["state"]);
    assert!(states.any(|it| it["given_up"]["at"].is_i64()), "{list}");
    let folder = Folder::new();
    let data = app.app.config.site.data.display().to_string();
    let settings =
        [("PORTCULLIS_DATABASE__URL", app.database.url.as_str()), ("PORTCULLIS_SITE__DATA", &data)];
    let said = out(&run(folder.path(), &settings, &["doctor"]));
    assert!(said.contains("mails given up: 1; see `portcullis mail list`"), "{said}");
}

on_both!(doctor_reports_a_silent_mail_server);
async fn doctor_reports_a_silent_mail_server(engine: Engine) {
    let folder = Folder::new();
    let database = Database::create(engine, folder.path()).await;
    for step in ["GREETING", "EHLO", "AUTH"] {
        let rude = FaultySmtp::start(step, SmtpFault::Silent).await;
        let smtp = format!("smtp://ada:secret@127.0.0.1:{}", rude.port);
        let settings = [
            ("PORTCULLIS_DATABASE__URL", database.url.as_str()),
            ("PORTCULLIS_MAIL__SMTP_URL", &smtp),
            ("PORTCULLIS_MAIL__TIMEOUT", "1s"),
        ];
        run(folder.path(), &settings, &["migrate"]);
        // This command creates the key.
        run(folder.path(), &settings, &["user", "list"]);
        let looked = run(folder.path(), &settings, &["doctor"]);
        assert_eq!(looked.status.code(), Some(3), "{step}");
        let said = out(&looked);
        assert!(has_row(&said, "error mail") && said.contains("timed out at"), "{step}: {said}");
    }
}

on_both!(ehlo_sends_the_site_host_or_the_configured_hello_name);
async fn ehlo_sends_the_site_host_or_the_configured_hello_name(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    let rude = FaultySmtp::start("EHLO", SmtpFault::Replies("504 5.5.2 need a full name")).await;
    let site = "[site]\nurl = \"https://id.example.com\"\n";
    for (own, greeting) in [
        (format!("{site}{}", rude.settings()), "EHLO id.example.com"),
        (rude.settings(), "EHLO localhost"),
        (format!("{}hello_name = \"mx.example.com\"\n", rude.settings()), "EHLO mx.example.com"),
        (format!("{}hello_name = \"192.0.2.7\"\n", rude.settings()), "EHLO [192.0.2.7]"),
        (format!("{}hello_name = \"[2001:db8::7]\"\n", rude.settings()), "EHLO [IPv6:2001:db8::7]"),
    ] {
        app.clock.advance(900);
        run_jobs(&app.reopen(&own).await).await.unwrap();
        let heard = rude.received();
        let last = heard.iter().rfind(|it| it.starts_with("EHLO")).unwrap();
        assert_eq!(last, greeting);
    }
}
