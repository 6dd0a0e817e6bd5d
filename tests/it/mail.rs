//! Mail: its text, and that no mail is lost.

use std::path::Path;

use portcullis::mail::server::{Mail, outbox};
use portcullis::server::jobs;

use crate::support::app::{Folder, run_jobs};
use crate::support::process::{err, out, run};
use crate::support::smtp::Smtp;
use crate::support::{ADA, EVE, Engine, TestApp};

const ASK: &str = "/api/recovery/ask";

fn smtp_settings(smtp: &Smtp) -> String {
    format!("[mail]\nsmtp_url = \"smtp://127.0.0.1:{}\"\ntimeout = \"2s\"\n", smtp.port)
}

on_both!(a_failing_job_does_not_delay_mail);
async fn a_failing_job_does_not_delay_mail(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.run("ALTER TABLE recovery_requests RENAME TO lost").await;
    assert!(run_jobs(&app.app).await.is_err());
    assert_eq!(app.number("SELECT COUNT(*) FROM mails WHERE sent_at IS NULL").await, 0);
    app.run("ALTER TABLE lost RENAME TO recovery_requests").await;
    assert_eq!(app.mail().await.to, ADA);
}

on_both!(no_mail_is_lost_while_the_mail_server_is_down_for_an_hour);
async fn no_mail_is_lost_while_the_mail_server_is_down_for_an_hour(engine: Engine) {
    let mut smtp = Smtp::new();
    let app = TestApp::with_settings(engine, &smtp_settings(&smtp)).await;
    smtp.start();
    app.browser().sign_up(ADA).await;
    run_jobs(&app.app).await.unwrap();
    let inbox = smtp.inbox();
    assert_eq!(inbox.len(), 1);
    assert_eq!((inbox[0].0.as_str(), inbox[0].1.to.as_str()), (ADA, ADA));
    assert!(inbox[0].1.link().starts_with("/tickets/"));
    assert!(inbox[0].1.source.contains("Content-Type: text/html"));

    smtp.kill();
    app.browser().sign_up(EVE).await;
    app.browser().call(ASK, &[("email", ADA)]).await;
    for _ in 0..10 {
        run_jobs(&app.app).await.unwrap();
        app.clock.advance(360);
    }
    let waiting = outbox::list(&app.app.db, "", 10).await.unwrap();
    let tries: Vec<_> = waiting.iter().filter(|it| it.sent_at.is_none()).collect();
    assert_eq!(tries.len(), 2);
    assert!(tries.iter().all(|it| it.tries >= 4 && !it.problem.is_empty()), "{tries:?}");
    // Queued mail is sealed, along with the tickets in it.
    let rows = app.all_rows().await.join("\n");
    assert!(!rows.contains("/tickets/") && !rows.contains("sign up at"), "{rows}");

    // The app restarts, and the mail server is back.
    smtp.start();
    let again = app.reopen(&smtp_settings(&smtp)).await;
    app.clock.advance(900);
    run_jobs(&again).await.unwrap();
    let mut to: Vec<_> = smtp.inbox().into_iter().map(|it| it.0).collect();
    to.sort();
    assert_eq!(to, [ADA, EVE]);
    app.clock.advance(900);
    run_jobs(&again).await.unwrap();
    assert!(smtp.inbox().is_empty(), "each once");
    let done = "SELECT COUNT(*) FROM mails WHERE sent_at IS NULL OR sealed <> ''";
    assert_eq!(app.number(done).await, 0);
}

on_both!(v5_0_0__16_3_4__a_mail_is_given_up_after_a_day_and_recorded_in_the_audit_log);
async fn v5_0_0__16_3_4__a_mail_is_given_up_after_a_day_and_recorded_in_the_audit_log(
    engine: Engine,
) {
    let smtp = Smtp::new();
    let app = TestApp::with_settings(engine, &smtp_settings(&smtp)).await;
    let mut browser = app.signed_in_browser(ADA).await;
    for _ in 0..100 {
        run_jobs(&app.app).await.unwrap();
        app.clock.advance(900);
    }
    let mails = outbox::list(&app.app.db, "", 10).await.unwrap();
    assert!(mails[0].given_up_at.is_some() && mails[0].sent_at.is_none(), "{mails:?}");
    assert_eq!(app.text("SELECT sealed FROM mails").await, "");
    assert_eq!(
        app.number("SELECT COUNT(*) FROM audit_events WHERE kind = 'mail_given_up'").await,
        1
    );
    browser.sign_in(ADA).await;
    assert!(browser.visit("/dashboard/activity").await.shows("Email could not be sent"));
    // It leaves the list after a month.
    app.clock.advance(31 * 86400);
    jobs::run_sweeps(&app.app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM mails WHERE given_up_at IS NOT NULL").await, 0);
}

on_both!(two_processes_send_each_mail_once);
async fn two_processes_send_each_mail_once(engine: Engine) {
    let mut smtp = Smtp::new();
    smtp.start();
    let app = TestApp::with_settings(
        engine,
        &format!("{}[limit]\nsign_up_address = \"none\"\n", smtp_settings(&smtp)),
    )
    .await;
    let other = app.reopen(&smtp_settings(&smtp)).await;
    for n in 0..20 {
        app.browser().sign_up(&format!("user{n}@example.com")).await;
    }
    let (first, second) = tokio::join!(run_jobs(&app.app), run_jobs(&other));
    first.and(second).unwrap();
    assert_eq!(smtp.inbox().len(), 20);
}

on_both!(v5_0_0__12_3_1__starttls_is_never_optional);
async fn v5_0_0__12_3_1__starttls_is_never_optional(engine: Engine) {
    let folder = Folder::new();
    let (mut smtp, certificate) = Smtp::with_tls(folder.path());
    smtp.start();
    let app = TestApp::start(engine).await;
    let url = |scheme: &str, port: u16| {
        format!("[mail]\nsmtp_url = \"{scheme}://localhost:{port}\"\ntimeout = \"2s\"\n")
    };
    let with_ca = |text: String| format!("{text}ca_file = {certificate:?}\n");
    app.browser().sign_up(ADA).await;
    // The server requires STARTTLS: without it, or with an untrusted certificate, nothing is sent.
    let plain = app.reopen(&url("smtp", smtp.port)).await;
    run_jobs(&plain).await.unwrap();
    assert!(smtp.inbox().is_empty());
    let mut config = app.reopen(&with_ca(url("smtps", smtp.port))).await.config.clone();
    for (ca_file, expected) in [(None, 0), (Some(certificate.clone().into()), 1)] {
        let server = config.mail.smtp.as_mut().unwrap();
        server.security = portcullis::server::config::mail::Security::StartTls;
        server.ca_file = ca_file;
        app.clock.advance(900);
        let secure = portcullis::site::start_with_clock(config.clone(), app.clock.clone()).await;
        run_jobs(&secure.unwrap()).await.unwrap();
        assert_eq!(smtp.inbox().len(), expected);
    }
    // A server that offers no TLS gets nothing either.
    let mut bare = Smtp::new();
    bare.start();
    app.browser().sign_up(EVE).await;
    config.mail.smtp.as_mut().unwrap().port = bare.port;
    let secure = portcullis::site::start_with_clock(config, app.clock.clone()).await.unwrap();
    run_jobs(&secure).await.unwrap();
    assert!(bare.inbox().is_empty());
    let mails = outbox::list(&app.app.db, "", 10).await.unwrap();
    assert!(mails.iter().any(|it| it.problem.contains("STARTTLS")), "{mails:?}");
}

on_both!(v5_0_0__1_3_11__visitor_input_cannot_inject_mail_headers);
async fn v5_0_0__1_3_11__visitor_input_cannot_inject_mail_headers(engine: Engine) {
    let mut smtp = Smtp::new();
    smtp.start();
    let app = TestApp::with_settings(engine, &smtp_settings(&smtp)).await;
    let mut browser = app.browser();
    for email in ["a@b.com\r\nBcc: x@y.com", "a@b.com\r\nDATA", "a@b.com,x@y.com", "a\0@b.com"] {
        let fields = [("email", email), ("password", crate::support::PASSWORD)];
        assert_eq!(browser.call("/api/sign-up", &fields).await.status, 422, "{email:?}");
    }
    browser.user_agent = "Firefox Linux \u{a0}".to_owned();
    browser.sign_up(ADA).await;
    browser.sign_up(ADA).await;
    run_jobs(&app.app).await.unwrap();
    let inbox = smtp.inbox();
    assert_eq!(inbox.len(), 2);
    for (recipients, letter) in inbox {
        assert_eq!(recipients, ADA);
        assert!(!letter.source.to_lowercase().contains("bcc:"), "{}", letter.source);
    }
}

/// Compares each mail with its file in `tests/it/mails`. `UPDATE_MAILS=1` rewrites the files.
#[test]
fn every_mail_matches_its_snapshot() {
    let folder = Folder::new();
    let kept = Path::new("tests/it/mails");
    #[expect(clippy::disallowed_methods, reason = "whoever runs the test says so")]
    let writes = std::env::var("UPDATE_MAILS").is_ok();
    let names = out(&run(folder.path(), &[], &["mail", "preview"]));
    assert_eq!(names.lines().count(), Mail::samples("http://x/").len());
    for name in names.lines() {
        for (arguments, ending) in [
            (&["mail", "preview", name][..], "txt"),
            (&["mail", "preview", name, "--html"], "html"),
        ] {
            let said = out(&run(folder.path(), &[], arguments));
            let path = kept.join(format!("{name}.{ending}"));
            if writes {
                std::fs::write(&path, &said).unwrap();
            }
            let before = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(said, before, "{}", path.display());
        }
    }
}

#[test]
fn an_operator_can_override_mail_templates() {
    let folder = Folder::new();
    let own = folder.path().join("words");
    std::fs::create_dir(&own).unwrap();
    let settings = [
        ("PORTCULLIS_MAIL__TEMPLATES", own.to_str().unwrap()),
        ("PORTCULLIS_SITE__NAME", "R&D \"Gate\""),
    ];
    let preview = |name: &str| run(folder.path(), &settings, &["mail", "preview", name]);
    std::fs::write(
        own.join("verification.txt"),
        "Subject: Hello from {{ site.name }}\nGo: {{ link }}\n",
    )
    .unwrap();
    let said = out(&preview("verification"));
    assert!(
        said.starts_with("Subject: Hello from R&D \"Gate\"\n\nGo: http://localhost:3000/tickets/")
    );
    let html = out(&run(folder.path(), &settings, &["mail", "preview", "verification", "--html"]));
    assert!(html.contains("R&amp;D &quot;Gate&quot;"), "{html}");

    for (name, text, expected) in [
        ("verification.txt", "Hello\n", "verification.txt must begin with a line Subject: …"),
        ("verification.txt", "Subject: x\n{{ lnik }}\n", "verification.txt line 1: "),
        ("verification.txt", "Subject: x\n{% if %}\n", "verification.txt line 1: "),
        ("unheard-of.txt", "x", "unheard-of.txt is not a template; the templates are address-"),
    ] {
        let path = own.join(name);
        let before = std::fs::read_to_string(&path).ok();
        std::fs::write(&path, text).unwrap();
        let refused = preview("verification");
        assert!(!refused.status.success(), "{text}");
        let line = err(&refused);
        assert!(
            line.starts_with("portcullis: mail.templates: ") && line.contains(expected),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1, "{line}");
        match before {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
    }
    let unknown = preview("nothing");
    assert!(err(&unknown).contains("there is no mail \"nothing\"; choose one of verification, "));
}

on_both!(v5_0_0__14_2_4__queued_mail_is_sealed);
async fn v5_0_0__14_2_4__queued_mail_is_sealed(engine: Engine) {
    // No server listens there, so all mail stays queued.
    let app = TestApp::with_settings(engine, "[mail]\nsmtp_url = \"smtp://127.0.0.1:1\"\n").await;
    app.browser().sign_up(ADA).await;
    app.browser().call("/api/recovery/ask", &[("email", ADA)]).await;
    app.browser().call("/api/sign-in/mail", &[("email", ADA)]).await;
    run_jobs(&app.app).await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM mails WHERE sent_at IS NULL").await, 3);
    let rows = app.all_rows().await.join("\n");
    assert!(rows.contains("mails: ") && !rows.contains("/tickets/"), "{rows}");
    // Once it can be sent, the mail is intact.
    let again = app.reopen("").await;
    app.clock.advance(60);
    run_jobs(&again).await.unwrap();
    let links: usize = app.mails().await.iter().map(|it| it.links().len()).sum();
    assert!(links >= 3, "{links}");
}
