//! The real binary: its threads, its log, several processes at once, and its shutdown.

use std::io::{ErrorKind, Read as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::app::{Database, Folder};
use crate::support::process::{Server, err, out, pause, portcullis, read_to_end};
use crate::support::{ADA, EVE, Engine, PASSWORD};

const SIGN_IN: &str = "/api/sign-in/password";

fn body() -> String {
    format!("email={ADA}&password={}", PASSWORD.replace(' ', "+"))
}

fn is_signed_in(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200") && answer.contains("\"go\":\"/dashboard\"")
}

fn header(answer: &str, name: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\r\n{name}: ")).unwrap();
    rest.split("\r\n").next().unwrap().to_owned()
}

/// Returns the value of the session cookie.
fn session(answer: &str) -> &str {
    let (_, rest) = answer.split_once("set-cookie: portcullis=").unwrap();
    rest.split(';').next().unwrap()
}

/// Returns the CPU time of each hasher, and of all other threads together.
fn cpu_times(server: &Server) -> (Vec<u64>, u64) {
    let (hashers, others): (Vec<_>, Vec<_>) =
        server.threads().into_iter().partition(|(name, _)| name.starts_with("hasher-"));
    (hashers.iter().map(|it| it.1).collect(), others.iter().map(|it| it.1).sum())
}

#[test]
fn v5_0_0__15_2_2__only_hasher_threads_hash_and_the_server_stays_responsive() {
    let folder = Folder::new();
    // A hash takes about 300 ms, so the queue is a second long or more.
    let server = Server::start(
        folder.path(),
        &[
            ("PORTCULLIS_PASSWORD__HASHERS", "2"),
            ("PORTCULLIS_PASSWORD__MEMORY_KIB", "65536"),
            ("PORTCULLIS_PASSWORD__ITERATIONS", "12"),
            ("PORTCULLIS_PASSWORD__MAX_WAIT", "60s"),
            ("PORTCULLIS_PASSWORD__FREE_FAILURES", "50"),
        ],
    );
    let (_, before) = cpu_times(&server);
    let mut attempts: Vec<_> = (0..8).map(|_| server.begin_post(SIGN_IN, &body())).collect();

    assert!(server.get("/health/live").starts_with("HTTP/1.1 200"));
    let last = attempts.last_mut().unwrap();
    last.set_nonblocking(true).unwrap();
    let waits = last.peek(&mut [0]).is_err_and(|it| it.kind() == ErrorKind::WouldBlock);
    last.set_nonblocking(false).unwrap();
    assert!(waits, "the line was still full");

    for attempt in &mut attempts {
        assert!(read_to_end(attempt).starts_with("HTTP/1.1 401"));
    }
    let (hashers, after) = cpu_times(&server);
    let (hashed, others) = (hashers.iter().sum::<u64>(), after - before);
    // A thread computes one hash at a time, so there are never more at once than hashers.
    assert_eq!(hashers.len(), 2, "as many as the settings say");
    assert!(hashers.iter().all(|it| *it > 0), "both had work: {hashers:?}");
    assert!(others * 4 < hashed, "hashers worked {hashed}, all others {others}");
}

#[test]
fn ctrl_c_stops_the_server_gracefully() {
    let folder = Folder::new();
    let mut server = Server::start(folder.path(), &[]);
    server.interrupt();
    server.wait_for("stopped");
    assert!(server.wait().success());
}

#[test]
fn a_request_that_never_ends_does_not_keep_the_server_from_stopping() {
    let folder = Folder::new();
    let settings =
        [("PORTCULLIS_HTTP__SHUTDOWN_TIMEOUT", "1s"), ("PORTCULLIS_HTTP__REQUEST_TIMEOUT", "10m")];
    let mut server = Server::start(folder.path(), &settings);
    let mut stream = server.connect();
    let head = server.head("/api/sign-up", 1000, "expect: 100-continue\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // Shows that the request is being processed.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();

    let began = Instant::now();
    server.terminate();
    server.wait_for("stopped");
    assert!(server.wait().success());
    let took = began.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(15)).contains(&took), "{took:?}");
    // The connection is closed without a response.
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(answer, b"");
}

#[test]
fn v5_0_0__16_2_5__the_text_log_contains_request_ids_and_no_secrets() {
    let folder = Folder::new();
    let settings = [("PORTCULLIS_LOG__FORMAT", "text"), ("PORTCULLIS_LOG__FILTER", "trace")];
    let mut server = Server::start(folder.path(), &settings);
    server.post("/api/sign-up", &body());
    let answer = server.post(SIGN_IN, &body());
    assert!(is_signed_in(&answer), "{answer}");
    let cookie = session(&answer);
    server.terminate();
    let log = server.wait_for("stopped");
    for secret in [PASSWORD, &PASSWORD.replace(' ', "+"), cookie] {
        assert!(!log.contains(secret), "{secret:?} in {log}");
    }
    let id = header(&answer, "x-request-id");
    let line = log.lines().find(|it| it.contains(&id) && it.contains("signed_in")).unwrap();
    assert!(line.contains(" INFO ") && !line.starts_with('{'), "{line}");
    // Colours would be noise in a file.
    assert!(!log.contains('\u{1b}'));
}

#[test]
fn v5_0_0__16_3_2__refused_access_is_logged_with_the_user() {
    let folder = Folder::new();
    let command = |words: &[&str]| {
        let mut command = portcullis(folder.path(), &[("PORTCULLIS_PASSWORD__MEMORY_KIB", "8")]);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}");
        out(&output)
    };
    command(&["migrate"]);
    command(&["role", "create", "guard", "--permission", "users.disable"]);
    command(&["user", "create", ADA, "--role", "guard", "--password-stdin"]);
    let root = command(&["--json", "user", "create", EVE, "--admin", "--password-stdin"]);
    let root = serde_json::from_str::<Value>(&root).unwrap()["id"].as_str().unwrap().to_owned();

    let mut server = Server::start(folder.path(), &[("PORTCULLIS_LOG__FORMAT", "json")]);
    let cookie = format!("cookie: portcullis={}\r\n", session(&server.post(SIGN_IN, &body())));
    let disable = format!("id={root}&seen=0&reason=because&until=");
    let asked = [
        ("/api/admin/roles", "", "forbidden"),
        ("/api/admin/user/disable", disable.as_str(), "above"),
    ]
    .map(|(path, form, error)| {
        let mut stream = server.connect();
        stream.write_all((server.head(path, form.len(), &cookie) + form).as_bytes()).unwrap();
        let answer = read_to_end(&mut stream);
        assert!(answer.ends_with(&format!("\"{error}\"")), "{path}: {answer}");
        header(&answer, "x-request-id")
    });
    server.terminate();
    let log = server.wait_for("\"stopped\"");
    for id in asked {
        let lines: Vec<_> =
            log.lines().filter(|it| it.contains(&id) && it.contains("access refused")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        let line: Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!((&line["level"], &line["address"]), (&"WARN".into(), &"127.0.0.1".into()));
        assert!(line["user_id"].as_str().is_some_and(|it| it.len() == root.len()), "{line}");
    }
}

/// Text from strangers, or typed by an operator, never forms a log line of its own.
#[test]
fn v5_0_0__16_4_1__each_event_is_one_log_line() {
    let evil = "x%0A2026-01-01T00:00:00Z%20%20INFO%20forged%1B%5B31m%E2%80%A8";
    let typed = "spam\n2026-01-01T00:00:00Z  INFO forged \u{1b}[31m";
    for format in ["text", "json"] {
        let folder = Folder::new();
        let settings = [("PORTCULLIS_LOG__FORMAT", format), ("PORTCULLIS_LOG__FILTER", "debug")];
        let mut server = Server::start(folder.path(), &settings);
        server.post("/api/sign-up", &body());
        server.post(SIGN_IN, &format!("email={evil}&password={evil}"));
        server.post(SIGN_IN, &format!("email={ADA}&password={evil}&next={evil}"));
        server.post("/api/sign-in/social", &format!("provider={evil}"));
        server.get(&format!("/{evil}?{evil}"));
        server.get(&format!("/social/{evil}/callback?state={evil}&error={evil}"));
        let mut stream = server.connect();
        let browser = format!("user-agent: \u{85}\u{2028}forged\tx {evil}\r\n");
        stream
            .write_all((server.head(SIGN_IN, body().len(), &browser) + &body()).as_bytes())
            .unwrap();
        read_to_end(&mut stream);
        let mut command = portcullis(folder.path(), &settings);
        command.args(["user", "disable", ADA, "--reason", typed]);
        let command = command.output().unwrap();
        server.terminate();
        let log = server.wait_for("stopped") + &err(&command);
        assert!(log.contains("forged"), "{log}");
        assert!(!log.contains('\u{1b}'), "{log}");
        for line in log.lines().filter(|it| !it.starts_with("portcullis: ")) {
            if format == "json" {
                let line: Value = serde_json::from_str(line).expect(line);
                assert!(line["timestamp"].is_string(), "{line}");
            } else {
                let (moment, rest) = line.split_once(' ').expect(line);
                assert!(moment.ends_with('Z') && !moment.starts_with("2026-01-01"), "{line}");
                let level = rest.split_whitespace().next().unwrap();
                assert!(["DEBUG", "INFO", "WARN", "ERROR"].contains(&level), "{line}");
            }
        }
    }
}

#[test]
fn the_log_says_why_a_provider_is_unusable() {
    let folder = Folder::new();
    let settings = [
        ("PORTCULLIS_LOG__FORMAT", "json"),
        ("PORTCULLIS_SOCIAL__GONE__ISSUER", "http://127.0.0.1:9"),
        ("PORTCULLIS_SOCIAL__GONE__CLIENT_ID", "the-id"),
        ("PORTCULLIS_SOCIAL__GONE__CLIENT_SECRET", "hunter2"),
    ];
    let mut server = Server::start(folder.path(), &settings);
    // Within the back-off after the start, and after it.
    let ids = [Duration::ZERO, Duration::from_millis(1100)].map(|wait| {
        pause(wait);
        let answer = server.post("/api/sign-in/social", "provider=gone");
        assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
        header(&answer, "x-request-id")
    });
    server.terminate();
    let log = server.wait_for("\"stopped\"");
    let lines = ids.map(|id| {
        let is_about = |it: &&str| it.contains(&id) && it.contains("provider unusable");
        let lines: Vec<_> = log.lines().filter(is_about).collect();
        assert_eq!(lines.len(), 1, "{log}");
        lines[0]
    });
    let line: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((&line["level"], &line["provider"]), (&"WARN".into(), &"gone".into()));
    let cause = line["error"].as_str().unwrap();
    assert!(cause.contains("discovery failed") && cause.contains("Connection refused"), "{cause}");
    assert!(!log.contains("hunter2"), "{log}");
}

/// Migrates an empty database from several processes at once, as replicas do after an upgrade.
fn migrate_together(settings: &[(&str, &str)]) {
    let folder = Folder::new();
    let migrations: Vec<_> = (0..4)
        .map(|_| {
            let mut command = portcullis(folder.path(), settings);
            command.arg("migrate").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for migration in migrations {
        let output = migration.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
    }
}

/// Serves one database from two processes, which see each other's writes.
fn serve_together(settings: &[(&str, &str)]) {
    let folder = Folder::new();
    let mut servers = [(); 2].map(|()| Server::launch(folder.path(), settings));
    for server in &mut servers {
        server.wait_for("serving");
    }
    let [one, other] = servers;
    assert!(one.post("/api/sign-up", &body()).starts_with("HTTP/1.1 200"));
    let answer = other.post(SIGN_IN, &body());
    assert!(is_signed_in(&answer), "{answer}");
}

#[test]
fn processes_that_start_together_migrate_once_on_sqlite() {
    for _ in 0..3 {
        migrate_together(&[]);
        serve_together(&[]);
    }
}

#[tokio::test]
async fn processes_that_start_together_migrate_once_on_postgres() {
    let Some(engine) = Engine::postgres("processes_that_start_together_migrate_once_on_postgres")
    else {
        return;
    };
    let folder = Folder::new();
    for run in [migrate_together, serve_together, migrate_together, serve_together] {
        let database = Database::create(engine.clone(), folder.path()).await;
        let settings = move || run(&[("PORTCULLIS_DATABASE__URL", &database.url)]);
        tokio::task::spawn_blocking(settings).await.unwrap();
    }
}
