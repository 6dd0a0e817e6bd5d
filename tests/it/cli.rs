//! The real binary: its command line, its settings, and the data that survives its end.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use portcullis::server::config::settings;

use crate::support::app::{Database, Folder};
use crate::support::process::{Server, err, out, read_to_end, run};
use crate::support::{ADA, Engine, KEY, PASSWORD};

#[test]
fn version_and_help_are_printed_without_creating_files() {
    let folder = Folder::new();
    let version = run(folder.path(), &[], &["--version"]);
    assert_eq!(out(&version), format!("portcullis {}\n", env!("CARGO_PKG_VERSION")));
    let help = run(folder.path(), &[], &["--help"]);
    for word in ["serve", "migrate", "config", "--config"] {
        assert!(out(&help).contains(word), "{word} in {}", out(&help));
    }
    assert!(help.status.success());
    for wrong in [&[][..], &["nothing"], &["serve", "--nothing"]] {
        assert!(!run(folder.path(), &[], wrong).status.success(), "{wrong:?}");
    }
    // These commands create no file.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_example_configuration_changes_no_setting() {
    let folder = Folder::new();
    let example = out(&run(folder.path(), &[], &["config", "example"]));
    assert_eq!(example, settings::example());
    let defaults = out(&run(folder.path(), &[], &["config", "check"]));
    std::fs::write(folder.path().join("portcullis.toml"), &example).unwrap();
    assert_eq!(out(&run(folder.path(), &[], &["config", "check"])), defaults);
    // With its settings uncommented the values are the same, but none is a default.
    let mut in_force: String = example
        .lines()
        .take_while(|it| !it.contains("[social."))
        .map(|it| match it.strip_prefix("# ") {
            Some(row)
                if settings::all().any(|set| {
                    row.split_once(" = ")
                        .is_some_and(|(key, _)| set.key.split('.').next_back() == Some(key))
                }) =>
            {
                row
            }
            _ => it,
        })
        .collect::<Vec<_>>()
        .join("\n");
    in_force.push('\n');
    std::fs::write(folder.path().join("portcullis.toml"), &in_force).unwrap();
    let checked = run(folder.path(), &[], &["config", "check"]);
    assert!(checked.status.success(), "{}", err(&checked));
    let values = |text: &str| -> BTreeSet<String> {
        text.lines().map(|it| it.split("  # ").next().unwrap().to_owned()).collect()
    };
    assert_eq!(values(&out(&checked)), values(&defaults));
    assert_eq!(out(&checked).lines().count(), settings::all().count());
    assert!(!out(&checked).contains("# default"), "{}", out(&checked));
}

#[test]
fn v5_0_0__13_3_1__config_check_hides_secrets() {
    let folder = Folder::new();
    let file = folder.path().join("secret");
    std::fs::write(&file, "hunter3\n").unwrap();
    let key = KEY;
    let checked = run(
        folder.path(),
        &[
            ("PORTCULLIS_DATABASE__URL", "postgres://root:hunter2@db/app"),
            ("PORTCULLIS_SITE__KEY", key),
            ("PORTCULLIS_SOCIAL__GITHUB__CLIENT_ID", "the-id"),
            ("PORTCULLIS_SOCIAL__GITHUB__CLIENT_SECRET_FILE", file.to_str().unwrap()),
        ],
        &["config", "check"],
    );
    let shown = out(&checked) + &err(&checked);
    assert!(checked.status.success(), "{shown}");
    for secret in ["hunter2", "hunter3", key] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for row in [
        "database.url = (hidden)  # environment PORTCULLIS_DATABASE__URL",
        "social.github.client_id = \"the-id\"",
        "social.github.client_secret = (hidden)",
        "password.min_length = 15  # default",
    ] {
        assert!(shown.contains(row), "{row} in {shown}");
    }
}

#[test]
fn a_configuration_error_is_one_line_with_key_location_and_expected_value() {
    for (file, variable, words) in [
        (
            "[site]\nurll = \"x\"\n",
            None,
            &["site.urll", "portcullis.toml line 2", "is not a setting"][..],
        ),
        (
            "[password]\nmin_length = \"many\"\n",
            None,
            &["password.min_length", "line 2", "a whole number from 8 to 128", "\"many\""],
        ),
        (
            "[password]\nmin_length = 3\n",
            None,
            &["password.min_length", "line 2", "a whole number from 8 to 128"],
        ),
        ("[site]\nlisten = true\n", None, &["site.listen", "line 2", "an IP address and a port"]),
        ("[nothing]\nx = 1\n", None, &["nothing.x", "line 2", "is not a setting"]),
        ("[site\n", None, &["portcullis.toml line 1"]),
        ("[social.github]\n", None, &["social.github", "line 1", "is empty"]),
        (
            "",
            Some(("PORTCULLIS_SITE__URL", "http://example.com")),
            &["site.url", "environment PORTCULLIS_SITE__URL", "an https URL"],
        ),
        ("", Some(("PORTCULLIS_SITE__URL", "http://192.168.0.2:3000")), &["site.url", "loopback"]),
        (
            "",
            Some(("PORTCULLIS_SITE__URL", "https://example.com/path")),
            &["site.url", "without a path"],
        ),
        (
            "",
            Some(("PORTCULLIS_SESION__IDLE", "1h")),
            &["sesion.idle", "environment", "is not a setting"],
        ),
        ("", Some(("PORTCULLIS_LOG__FORMAT", "xml")), &["log.format", "text or json", "\"xml\""]),
        (
            "",
            Some(("PORTCULLIS_DATABASE__URL", "mysql://x:hunter2@y")),
            &["database.url", "sqlite: or postgres:"],
        ),
        (
            "",
            Some(("PORTCULLIS_SITE__KEY_FILE", "/nowhere/key")),
            &["site.key", "PORTCULLIS_SITE__KEY_FILE", "can't be read"],
        ),
        (
            "[social.work]\nclient_id = \"x\"\nclient_secret = \"y\"\n",
            None,
            &["social.work.issuer is missing", "[social.work]", "an https URL"],
        ),
    ] {
        let folder = Folder::new();
        std::fs::write(folder.path().join("portcullis.toml"), file).unwrap();
        for command in [&["config", "check"][..], &["serve"], &["migrate"]] {
            let output = run(folder.path(), variable.as_slice(), command);
            let line = err(&output);
            assert_eq!(output.status.code(), Some(1), "{command:?}: {line}");
            assert_eq!(line.trim_end().lines().count(), 1, "{line}");
            for word in words {
                assert!(line.contains(word), "{word:?} in {line}");
            }
            assert!(!line.contains("hunter2"), "{line}");
            assert_eq!(out(&output), "");
        }
        assert!(!folder.path().join("portcullis-data").exists(), "nothing was begun");
    }
}

#[test]
fn an_invalid_key_or_log_filter_prevents_startup() {
    for (name, value, word) in [
        ("PORTCULLIS_SITE__KEY", "short", "site.key"),
        ("PORTCULLIS_LOG__FILTER", "===", "log.filter"),
    ] {
        let folder = Folder::new();
        let output = run(folder.path(), &[(name, value)], &["serve"]);
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        let last = err(&output).trim_end().lines().last().unwrap().to_owned();
        assert!(last.contains(word), "{last}");
        let checked = run(folder.path(), &[(name, value)], &["config", "check"]);
        assert_eq!(checked.status.code(), Some(1), "check finds what the start would: {name}");
    }
}

#[test]
fn an_explicit_config_file_must_exist() {
    let folder = Folder::new();
    let output = run(folder.path(), &[], &["config", "check", "--config", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("nowhere.toml"), "{}", err(&output));
}

#[test]
fn the_error_for_an_unreachable_database_omits_its_password() {
    for (url, words) in [
        ("sqlite:/nowhere/x.sqlite", ["/nowhere/x.sqlite", "No such file"]),
        ("postgres://ada:hunter2@127.0.0.1:9/x", ["127.0.0.1:9", "refused"]),
    ] {
        let folder = Folder::new();
        let settings =
            [("PORTCULLIS_DATABASE__URL", url), ("PORTCULLIS_DATABASE__BUSY_TIMEOUT", "1s")];
        let output = run(folder.path(), &settings, &["migrate"]);
        let line = err(&output);
        assert_eq!((output.status.code(), line.trim_end().lines().count()), (Some(1), 1), "{line}");
        assert!(line.starts_with("portcullis: database.url: "), "{line}");
        for word in words {
            assert!(line.contains(word), "{word:?} in {line}");
        }
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn v5_0_0__16_3_1__a_refused_password_and_a_cross_origin_form_are_logged() {
    let folder = Folder::new();
    let mut server = Server::start(folder.path(), &[]);
    assert!(server.post("/api/sign-in/password", &body()).starts_with("HTTP/1.1 401"));
    let log = server.wait_for("sign_in_refused");
    assert!(log.contains("user_id=\"nobody\"") && !log.contains(PASSWORD), "{log}");
    let mut stream = server.connect();
    let foreign =
        server.head("/api/sign-up", 0, "").replace("origin: http://127", "origin: http://128");
    stream.write_all(foreign.as_bytes()).unwrap();
    assert!(read_to_end(&mut stream).starts_with("HTTP/1.1 403"));
    let log = server.wait_for("not posted from site.url");
    assert!(log.contains("http://128.0.0.1") && log.contains("site=http://127.0.0.1"), "{log}");
}

#[test]
fn migrate_creates_the_database_and_exits() {
    let folder = Folder::new();
    for _ in 0..2 {
        let output = run(folder.path(), &[], &["migrate"]);
        assert!(output.status.success(), "{}", err(&output));
    }
    assert!(folder.path().join("portcullis-data/portcullis.sqlite").exists());
}

#[test]
fn v5_0_0__13_3_2__the_data_folder_and_key_are_accessible_only_to_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let server = Server::start(folder.path(), &[]);
    assert!(server.get("/health/ready").contains("200 OK"));
    let mode = |path: &str| {
        let path = folder.path().join("portcullis-data").join(path);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o077
    };
    assert_eq!((mode(""), mode("key")), (0, 0));
}

#[test]
fn v5_0_0__13_3_2__a_database_outside_the_data_folder_is_accessible_only_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let database = folder.path().join("elsewhere.sqlite");
    let url = format!("sqlite:{}", database.display());
    let server = Server::start(folder.path(), &[("PORTCULLIS_DATABASE__URL", &url)]);
    assert!(server.post("/api/sign-up", &body()).starts_with("HTTP/1.1 200"));
    for name in ["elsewhere.sqlite", "elsewhere.sqlite-wal", "elsewhere.sqlite-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

fn body() -> String {
    format!("email={ADA}&password={}", PASSWORD.replace(' ', "+"))
}

fn is_signed_in(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200") && answer.contains("\"go\":\"/dashboard\"")
}

fn assert_survives_kill(settings: &[(&str, &str)]) {
    let folder = Folder::new();
    for round in 0..3 {
        let mut server = Server::start(folder.path(), settings);
        let body = body().replace(ADA, &format!("ada{round}@example.com"));
        let answer = server.post("/api/sign-up", &body);
        server.kill();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let server = Server::start(folder.path(), settings);
        let answer = server.post("/api/sign-in/password", &body);
        assert!(is_signed_in(&answer), "{answer}");
    }
}

#[test]
fn acknowledged_writes_survive_kill_9_on_sqlite() {
    assert_survives_kill(&[]);
}

#[tokio::test]
async fn acknowledged_writes_survive_kill_9_on_postgres() {
    let Some(engine) = Engine::postgres("acknowledged_writes_survive_kill_9_on_postgres") else {
        return;
    };
    let folder = Folder::new();
    let database = Database::create(engine, folder.path()).await;
    tokio::task::spawn_blocking(move || {
        assert_survives_kill(&[("PORTCULLIS_DATABASE__URL", &database.url)]);
    })
    .await
    .unwrap();
}

#[test]
fn a_request_in_flight_is_finished_before_the_server_stops() {
    let folder = Folder::new();
    let mut server = Server::start(folder.path(), &[]);
    let body = body();
    let mut stream = server.connect();
    let head = server.head("/api/sign-up", body.len(), "expect: 100-continue\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // This response shows that the server is handling the request.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&go_on));

    server.terminate();
    server.wait_for("stopping");
    stream.write_all(body.as_bytes()).unwrap();
    let answer = read_to_end(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.wait_for("stopped");
    assert!(server.wait().success());

    let server = Server::start(folder.path(), &[]);
    let answer = server.post("/api/sign-in/password", &body);
    assert!(is_signed_in(&answer), "{answer}");
}

#[test]
fn a_connection_with_an_unfinished_request_head_is_closed() {
    let folder = Folder::new();
    let server = Server::start(folder.path(), &[("PORTCULLIS_HTTP__HEADER_TIMEOUT", "1s")]);
    // An empty head and the start of HTTP/2 never end either.
    for begun in ["GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ", "", "P", "PRI * HTTP/2.0\r\n"] {
        let mut stream = server.connect();
        stream.write_all(begun.as_bytes()).unwrap();
        // The server closes the connection, with or without a response.
        let answer = read_to_end(&mut stream);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{begun:?}: {answer}");
    }
}

#[test]
fn an_unfinished_request_body_gets_a_408() {
    let folder = Folder::new();
    let server = Server::start(folder.path(), &[("PORTCULLIS_HTTP__REQUEST_TIMEOUT", "1s")]);
    let mut stream = server.connect();
    let head = server.head("/api/sign-up", 1000, "");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"email=").unwrap();
    let answer = read_to_end(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
}

#[test]
fn v5_0_0__4_2_1__a_request_with_conflicting_lengths_is_refused() {
    let folder = Folder::new();
    let server = Server::start(folder.path(), &[]);
    let body = body();
    for more in ["content-length: 5\r\n", "transfer-encoding: nonsense\r\n"] {
        let mut stream = server.connect();
        let request = server.head("/api/sign-up", body.len(), more) + &body;
        stream.write_all(request.as_bytes()).unwrap();
        let answer = read_to_end(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 400"), "{more}: {answer}");
    }
    assert!(!is_signed_in(&server.post("/api/sign-in/password", &body)));
}

#[test]
fn v5_0_0__16_2_5__the_log_contains_request_ids_and_no_secrets() {
    let folder = Folder::new();
    let settings = [("PORTCULLIS_LOG__FORMAT", "json"), ("PORTCULLIS_LOG__FILTER", "trace")];
    let mut server = Server::start(folder.path(), &settings);
    server.post("/api/sign-up", &body());
    let answer = server.post("/api/sign-in/password", &body());
    assert!(is_signed_in(&answer), "{answer}");
    let cookie = answer.split("set-cookie: portcullis=").nth(1).unwrap().split(';').next().unwrap();
    server.get("/social/idp/callback?code=a-secret-code&state=a-secret-state");
    server.terminate();
    let log = server.wait_for("\"stopped\"");
    for secret in [PASSWORD, &PASSWORD.replace(' ', "+"), cookie, "a-secret-code", "a-secret-state"]
    {
        assert!(!log.contains(secret), "{secret:?} in {log}");
    }
    let id = answer.split("x-request-id: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let line = log.lines().find(|it| it.contains(id) && it.contains("signed_in")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["level"], "INFO");
}
