//! Files and folders that can't be used: one line names the path and the operation that failed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::KEY;
use crate::support::app::Folder;
use crate::support::process::{Server, err, has_row, out, run};
use crate::tidy::sources;

fn make_folder(folder: &Path, name: &str) {
    std::fs::create_dir_all(folder.join(name)).unwrap();
}

fn write(folder: &Path, name: &str) {
    std::fs::write(folder.join(name), "").unwrap();
}

#[test]
fn a_file_error_names_the_path_and_the_failed_operation() {
    /// The preparation of the folder, the settings, the command, and the text that the line must contain.
    type Case =
        (fn(&Path), &'static [(&'static str, &'static str)], &'static [&'static str], &'static str);
    const MIGRATE: &[&str] = &["migrate"];
    let cases: &[Case] = &[
        (
            |it| make_folder(it, "portcullis-data/key"),
            &[],
            MIGRATE,
            "portcullis-data/key can't be read: Is a directory",
        ),
        (
            |it| write(it, "portcullis-data"),
            &[],
            MIGRATE,
            "portcullis-data can't be created: it already exists",
        ),
        (
            |it| write(it, "data"),
            &[("PORTCULLIS_SITE__DATA", "data/below")],
            MIGRATE,
            "data/below can't be created: Not a directory",
        ),
        (
            |it| write(it, "data"),
            &[("PORTCULLIS_SITE__DATA", "data/below")],
            &["user", "list"],
            "data/below/portcullis.sqlite can't be read: Not a directory",
        ),
        (
            |it| make_folder(it, "portcullis-data/portcullis.migrating"),
            &[],
            MIGRATE,
            "portcullis-data/portcullis.migrating can't be created: Is a directory",
        ),
        (
            |it| make_folder(it, "portcullis.toml"),
            &[],
            MIGRATE,
            "portcullis.toml can't be read: Is a directory",
        ),
        (|_| (), &[], &["migrate", "--config", "no.toml"], "no.toml can't be read: No such file"),
        (
            |_| (),
            &[("PORTCULLIS_SITE__KEY_FILE", "no/key")],
            MIGRATE,
            "site.key (environment PORTCULLIS_SITE__KEY_FILE): no/key can't be read: No such file",
        ),
        (
            |_| (),
            &[("PORTCULLIS_MAIL__TEMPLATES", "no/mails")],
            &["mail", "preview", "verification"],
            "mail.templates: no/mails can't be read: No such file",
        ),
        (
            |_| (),
            &[("PORTCULLIS_PASSWORD__BREACHED_FILTER", "no/list")],
            &["serve"],
            "password.breached_filter: no/list can't be read: No such file",
        ),
        (
            |_| (),
            &[("PORTCULLIS_MAIL__SMTP_URL", "smtps://x"), ("PORTCULLIS_MAIL__CA_FILE", "no/ca")],
            &["serve"],
            "mail.ca_file: no/ca can't be read: No such file",
        ),
        (
            |it| write(it, "manual"),
            &[],
            &["man", "manual"],
            "manual can't be created: it already exists",
        ),
        (
            |it| make_folder(it, "manual/portcullis.1/x"),
            &[],
            &["man", "manual"],
            "manual/portcullis.1 can't be written: Is a directory",
        ),
        (|_| (), &[], &["breach", "build", "no/list"], "no/list can't be read: No such file"),
        (
            |it| make_folder(it, "list"),
            &[],
            &["breach", "build", "list"],
            "list can't be read: Is a directory",
        ),
        (
            |it| assert!(run(it, &[], MIGRATE).status.success()),
            &[],
            &["backup", "no/where"],
            "no/where can't be written: No such file",
        ),
        (|_| (), &[], &["restore", "no/where"], "no/where can't be read: No such file"),
        (
            |it| {
                std::fs::write(it.join("list"), "password1234\n").unwrap();
                let made = std::process::Command::new("mkfifo").arg(it.join("pipe")).status();
                assert!(made.unwrap().success());
            },
            &[],
            &["breach", "build", "list", "--output", "pipe"],
            "pipe can't be written: it is not a file",
        ),
        (
            |it| {
                make_folder(it, "portcullis-data");
                let database = it.join("portcullis-data/portcullis.sqlite");
                std::os::unix::fs::symlink("../nowhere/x.sqlite", database).unwrap();
            },
            &[],
            MIGRATE,
            "portcullis-data/portcullis.sqlite is a symbolic link to a missing file",
        ),
    ];
    for (prepare, settings, command, expected) in cases {
        let folder = Folder::new();
        prepare(folder.path());
        let output = run(folder.path(), settings, command);
        let line = err(&output);
        assert_eq!(
            (output.status.code(), line.lines().count()),
            (Some(1), 1),
            "{command:?}: {line}"
        );
        assert!(line.contains(expected), "{expected} in {line}");
    }
}

#[test]
fn a_mail_that_cannot_be_written_is_logged_with_its_path() {
    let folder = Folder::new();
    let mut server = Server::start(folder.path(), &[]);
    write(folder.path(), "portcullis-data/mails");
    server.post("/api/sign-up", "email=ada@example.com&password=correct+horse+battery+staple");
    let log = server.wait_for("mail not sent yet");
    assert!(log.contains("portcullis-data/mails can't be created: it already exists"), "{log}");
}

/// The only file that uses the file system. Its errors name the path.
const FILES: &str = "src/server/files.rs";

#[test]
fn the_file_system_is_used_in_one_place() {
    for (path, text) in sources("src") {
        if path == FILES {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in ["fs::", "File::open", "File::create", "OpenOptions", "DirBuilder", ".exists()"]
        {
            for (n, line) in code.lines().enumerate() {
                let is_import = line.trim_start().starts_with("use std::");
                let found = line.match_indices(word).any(|(at, _)| {
                    word.starts_with('.') || !line[..at].ends_with(char::is_alphanumeric)
                });
                assert!(!found || is_import, "{path}:{}: {line}; use {FILES}", n + 1);
            }
        }
    }
    // No other I/O error may become one of ours without naming its subject.
    let errors = std::fs::read_to_string("src/server/error.rs").unwrap();
    assert!(!errors.contains("#[from] std::io::Error") && !errors.contains("From<std::io::Error>"));
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn v5_0_0__13_3_2__a_world_readable_key_is_refused_and_a_group_readable_one_is_logged() {
    let folder = Folder::new();
    let migrated = run(folder.path(), &[], &["migrate"]);
    assert!(migrated.status.success());
    let key = folder.path().join("portcullis-data/key");
    for mode in [0o644, 0o604, 0o666, 0o640 | 0o001] {
        set_mode(&key, mode);
        for command in ["serve", "migrate"] {
            let refused = run(folder.path(), &[], &[command]);
            let line = err(&refused);
            assert_eq!((refused.status.code(), line.lines().count()), (Some(1), 1), "{line}");
            assert!(line.contains("run: chmod go= portcullis-data/key"), "{line}");
        }
        let looked = run(folder.path(), &[], &["doctor"]);
        assert_eq!(looked.status.code(), Some(3), "{}", out(&looked));
        assert!(out(&looked).contains("chmod go= portcullis-data/key"), "{}", out(&looked));
    }
    // The permissions of Kubernetes volumes.
    set_mode(&key, 0o660);
    set_mode(&folder.path().join("portcullis-data"), 0o755);
    let mut server = Server::launch(folder.path(), &[]);
    let log = server.wait_for("serving");
    for path in ["path=portcullis-data\n", "path=portcullis-data/key\n"] {
        assert!(log.contains(path), "{path} in {log}");
    }
    for (mode, state) in [(0o755, "error"), (0o770, "warning")] {
        set_mode(&folder.path().join("portcullis-data"), mode);
        let looked = out(&run(folder.path(), &[], &["doctor"]));
        assert!(has_row(&looked, &format!("{state} site.data")), "{state} in {looked}");
    }
    // The mode of a mounted key file is up to the platform.
    let given = folder.path().join("given");
    std::fs::write(&given, format!("{KEY}\n")).unwrap();
    set_mode(&given, 0o644);
    let settings = [("PORTCULLIS_SITE__KEY_FILE", given.to_str().unwrap())];
    assert!(run(folder.path(), &settings, &["user", "list"]).status.success());
}

const PUBLIC: [(&str, &str); 2] = [
    ("PORTCULLIS_SITE__URL", "https://id.example.com"),
    ("PORTCULLIS_MAIL__SMTP_URL", "smtp://127.0.0.1:9"),
];

#[test]
fn v5_0_0__13_2_6__a_key_or_proxy_range_that_is_never_safe_is_refused() {
    for (name, value) in [
        ("PORTCULLIS_SITE__KEY", "A".repeat(43)),
        ("PORTCULLIS_SITE__KEY", format!("{KEY} {}", "A".repeat(43))),
        ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "0.0.0.0/0".to_owned()),
        ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "10.0.0.1 ::/0".to_owned()),
        ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "0.0.0.0/1 128.0.0.0/1".to_owned()),
    ] {
        for command in [&["config", "check"][..], &["doctor"], &["serve"]] {
            let folder = Folder::new();
            let settings = [PUBLIC[0], PUBLIC[1], (name, value.as_str())];
            let refused = run(folder.path(), &settings, command);
            let line = err(&refused);
            assert_eq!((refused.status.code(), line.lines().count()), (Some(1), 1), "{line}");
            assert!(line.contains(name) && line.contains(" must be "), "{line}");
        }
    }
    // A key file in the data folder must not contain such a key either.
    let folder = Folder::new();
    make_folder(folder.path(), "portcullis-data");
    std::fs::write(folder.path().join("portcullis-data/key"), "A".repeat(43)).unwrap();
    set_mode(&folder.path().join("portcullis-data/key"), 0o600);
    let refused = run(folder.path(), &[], &["migrate"]);
    assert!(err(&refused).contains("portcullis-data/key must be 32 random"), "{}", err(&refused));
}

#[test]
fn v5_0_0__13_2_6__weak_settings_are_reported_at_start_and_by_both_checks() {
    let folder = Folder::new();
    assert!(run(folder.path(), &[], &["migrate"]).status.success());
    let settings = [
        PUBLIC[0],
        ("PORTCULLIS_PASSWORD__MEMORY_KIB", "8"),
        ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "8.0.0.0/8"),
        ("PORTCULLIS_TICKET__RECOVERY", "30d"),
    ];
    let checked = run(folder.path(), &settings, &["config", "check"]);
    assert!(checked.status.success(), "{}", err(&checked));
    let doctor = run(folder.path(), &settings, &["doctor"]);
    let url = [settings[0]];
    let mut server = Server::launch(folder.path(), &[url.as_slice(), &settings[1..]].concat());
    let log = server.wait_for("serving");
    for key in ["password.memory_kib", "http.trusted_proxies", "mail.smtp_url", "ticket.recovery"] {
        assert!(err(&checked).contains(&format!("portcullis: warning: {key}: ")), "{key}");
        assert!(has_row(&out(&doctor), &format!("warning {key}")), "{key}: {}", out(&doctor));
        assert!(log.contains(&format!("setting=\"{key}\"")), "{key}: {log}");
    }
    assert!(run(folder.path(), &PUBLIC, &["config", "check"]).stderr.is_empty());
}

#[test]
fn v5_0_0__14_2_1__a_public_site_never_logs_a_link() {
    for (url, is_shown) in [("https://id.example.com", false), ("", true)] {
        let folder = Folder::new();
        let settings = [("PORTCULLIS_SITE__URL", url)];
        let mut server =
            Server::launch(folder.path(), if url.is_empty() { &[] } else { &settings });
        server.wait_for("serving");
        assert!(
            run(folder.path(), &settings, &["user", "create", "ada@example.com"]).status.success()
        );
        let log = server.wait_for("mail written");
        let line = log.lines().find(|it| it.contains("mail written")).unwrap();
        assert_eq!(line.contains("/tickets/"), is_shown, "{line}");
        assert!(line.contains(".eml"), "{line}");
    }
}
