//! Backing up, restoring, and moving from one engine to the other.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis::backup::{self, CopiedTable, Sink, TABLES, Table};
use portcullis::server::db::value::Value;
use portcullis::server::{App, Db, Error};

use crate::support::app::{Folder, columns};
use crate::support::process::{err, out, portcullis};
use crate::support::{ADA, EVE, Engine, PASSWORD, TestApp};

/// Returns the row count and the digest of each table.
async fn digests(db: &Db) -> Vec<CopiedTable> {
    struct NullSink;
    impl Sink for NullSink {
        async fn begin_table(&mut self, _: &'static Table) -> Result<(), Error> {
            Ok(())
        }
        async fn write_rows(
            &mut self,
            _: &'static Table,
            _: Vec<Vec<Value<'static>>>,
        ) -> Result<(), Error> {
            Ok(())
        }
        async fn end_table(&mut self, _: &CopiedTable) -> Result<(), Error> {
            Ok(())
        }
    }
    let mut tx = db.snapshot().await.unwrap();
    backup::copy_rows(&mut tx, &mut NullSink, |_| ()).await.unwrap()
}

/// Returns both engines, or SQLite alone if there is no PostgreSQL.
fn engines() -> Vec<Engine> {
    let postgres = Engine::postgres("the other engine");
    std::iter::once(Engine::Sqlite).chain(postgres).collect()
}

/// Puts rows into every table. Returns the administrator's browser.
async fn fill_tables(app: &TestApp) -> crate::support::Browser {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    app.role("support", &["users.read", "billing:read"]).await;
    app.assign_role(EVE, "support").await;
    eve.call(
        "/api/profile/display-name",
        &[("display_name", "Évelyn \"Eve\" \\ 'Grün' \u{1F511}")],
    )
    .await;
    eve.call("/api/recovery/ask", &[("email", EVE)]).await;
    app.browser().call("/api/sign-in/mail", &[("email", ADA)]).await;
    app.browser().try_sign_in(EVE, "wrong").await;
    ada.call("/api/admin/invitations/invite", &[("email", "new@example.com")]).await;
    app.mails().await;
    for n in 0..250 {
        app.create_user(&format!("user{n}@example.com")).await;
    }
    // Data that nothing above creates.
    for sql in [
        "INSERT INTO linked_accounts (id, user_id, provider, issuer, subject, account, created_at, \
            is_multi_factor) \
         SELECT 'link', MIN(id), 'idp', 'https://idp.example.com', '7', 'ada', 1, TRUE FROM users",
        "INSERT INTO sign_in_attempts (id, browser_digest, proofs, intent, expires_at) \
         VALUES ('attempt', 'browser', '[]', '\"link\"', 9999999999)",
        "INSERT INTO authorization_requests (state_digest, attempt_id, sealed, \
            posted_digest, posted) \
         VALUES ('state', 'attempt', 'sealed', 'key', 'posted')",
        "INSERT INTO unfinished_sign_ups (browser_digest, sealed, expires_at) \
         VALUES ('browser', 'sealed', 9999999999)",
        "INSERT INTO recovery_requests (id, email_key, address, browser, created_at) \
         VALUES ('request', 'x@example.com', '', '', 1)",
        "UPDATE sessions SET acting_as = (SELECT MIN(id) FROM users), acting_until = 9999999999 \
         WHERE user_id = (SELECT user_id FROM user_roles WHERE role_id <> 'administrator')",
        "INSERT INTO impersonations (session_id, administrator, acting_as) VALUES ('s', 'a', 'u')",
        "UPDATE tickets SET role_id = 'administrator', invited_by = 'command-line' \
         WHERE purpose = 'invitation'",
        "INSERT INTO authenticator_apps (id, user_id, name, sealed, key_id, last_step, created_at, seq) \
         SELECT 'app', MIN(id), 'Phone', 'sealed', 'key', 1, 1, 1 FROM users WHERE email LIKE 'user%'",
        "INSERT INTO passkeys (id, user_id, credential_id, credential, name, created_at, is_automatic, \
            is_discoverable, is_device_bound, seq) \
         SELECT 'passkey', MIN(id), 'credential', '{}', 'Laptop', 1, TRUE, TRUE, TRUE, 1 FROM users WHERE email LIKE 'user%'",
        "UPDATE users SET passkey_handle = id, passkey_offered_at = 1, declines_passkeys = TRUE, \
            reviews_access = TRUE WHERE email LIKE 'user%'",
        "INSERT INTO used_challenges (digest, expires_at) VALUES ('digest', 9999999999)",
        "INSERT INTO trusted_browsers \
         (id, user_id, browser_digest, address, browser, created_at, expires_at) \
         SELECT 'trusted', MIN(id), 'browser', '', '', 1, 9999999999 FROM users",
        "INSERT INTO recovery_codes (digest, user_id, set_id, created_at, seq) \
         SELECT 'digest', MIN(id), 'set', 1, 1 FROM users",
        "INSERT INTO jobs (name, succeeded_at) VALUES ('mail', 1)",
        "UPDATE users SET disabled_reason = 'spam', disabled_at = -1, disabled_until = \
         9223372036854775807 WHERE email = 'user7@example.com'",
    ] {
        app.run(sql).await;
    }
    portcullis::audit::server::chain::seal(&app.app).await.unwrap();
    ada
}

/// The tables that a restore empties, so that nothing in them becomes valid again.
const EMPTIED_TABLES: [&str; 9] = [
    "authorization_requests",
    "known_places",
    "mailed_sign_ins",
    "recovery_requests",
    "sessions",
    "sign_in_attempts",
    "tickets",
    "trusted_browsers",
    "unfinished_sign_ups",
];

/// Returns the digests that a restore must keep, and asserts that it emptied the other tables.
async fn kept_digests(app: &TestApp) -> Vec<CopiedTable> {
    app.run("UPDATE users SET session_epoch = session_epoch - 1").await;
    let mut all = digests(&app.app.db).await;
    app.run("UPDATE users SET session_epoch = session_epoch + 1").await;
    assert!(
        all.iter().filter(|it| EMPTIED_TABLES.contains(&it.table)).all(|it| it.rows == 0),
        "{all:?}"
    );
    all.retain(|it| !EMPTIED_TABLES.contains(&it.table));
    all
}

async fn write(app: &App, path: &Path) -> Vec<CopiedTable> {
    backup::write(app, path, |_| ()).await.unwrap()
}

/// Returns the details of the restore's event. Deletes the event, which is not part of the backup.
async fn take_restore_details(app: &TestApp) -> String {
    let about = app.text("SELECT about FROM audit_events WHERE kind = 'restored'").await;
    app.run("DELETE FROM audit_events WHERE kind = 'restored'").await;
    about
}

async fn read(app: &App, path: &Path, is_replaced: bool) -> Result<Vec<CopiedTable>, String> {
    backup::read(app, path, is_replaced, |_| ()).await.map_err(|error| error.chain())
}

on_both!(the_table_list_matches_the_schema);
async fn the_table_list_matches_the_schema(app: TestApp) {
    let schema: BTreeMap<String, Vec<String>> = columns(&app.app.db)
        .await
        .into_iter()
        .map(|(table, mut columns)| {
            columns.sort();
            (table, columns)
        })
        .collect();
    let listed: BTreeMap<String, Vec<String>> = TABLES
        .iter()
        .map(|it| {
            let mut columns: Vec<_> = it.columns.iter().map(|it| it.0.to_owned()).collect();
            columns.sort();
            (it.name.to_owned(), columns)
        })
        .collect();
    assert_eq!(schema, listed);
}

on_both!(a_restore_on_either_engine_reproduces_all_lasting_records);
async fn a_restore_on_either_engine_reproduces_all_lasting_records(app: TestApp) {
    let browser = fill_tables(&app).await;
    let folder = Folder::new();
    let path = folder.path().join("all.backup");
    let written = write(&app.app, &path).await;
    let before = digests(&app.app.db).await;
    assert_eq!(written, before);
    let mut lasting = before.clone();
    lasting.retain(|it| !EMPTIED_TABLES.contains(&it.table));
    let rows = |name: &str| written.iter().find(|it| it.table == name).unwrap().rows;
    for table in TABLES {
        assert!(rows(table.name) > 0, "{}", table.name);
    }
    assert_eq!(rows("users"), 252);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    for engine in engines() {
        let other = TestApp::start(engine).await;
        assert_eq!(read(&other.app, &path, false).await.unwrap(), before);
        assert_eq!(take_restore_details(&other).await, "");
        assert_eq!(kept_digests(&other).await, lasting);
        // The site is the same, but every user must sign in again.
        assert!(!browser.clone().with_app(&other.app).is_signed_in().await);
        other.browser().sign_in(EVE).await;
        let verdict = portcullis::audit::server::verify::verify(&other.app, None, |_, _| ()).await;
        let verdict = verdict.unwrap();
        assert_eq!(verdict.broken, None);
        let head = format!(" events, sealed up to {}", verdict.head);
        // A restore into a database that is not empty needs `--replace`.
        let refused = read(&other.app, &path, false).await.unwrap_err();
        assert!(refused.contains("not empty") && refused.contains("--replace"), "{refused}");
        assert_eq!(read(&other.app, &path, true).await.unwrap(), before);
        let left = take_restore_details(&other).await;
        assert!(left.starts_with("in place of 252 users and ") && left.contains(&head), "{left}");
        assert_eq!(kept_digests(&other).await, lasting);
    }
    assert!(backup::write(&app.app, &path, |_| ()).await.is_err(), "it overwrites nothing");
}

on_both!(a_truncated_or_damaged_backup_is_refused_and_changes_nothing);
async fn a_truncated_or_damaged_backup_is_refused_and_changes_nothing(app: TestApp) {
    fill_tables(&app).await;
    let folder = Folder::new();
    let path = folder.path().join("all.backup");
    write(&app.app, &path).await;
    let whole = std::fs::read(&path).unwrap();
    let before = digests(&app.app.db).await;
    let broken = folder.path().join("broken.backup");
    for n in 1..40 {
        let length = whole.len() * n / 40;
        std::fs::write(&broken, &whole[..length]).unwrap();
        let refused = read(&app.app, &broken, true).await.unwrap_err();
        assert!(refused.contains("is truncated"), "{length}: {refused}");
    }
    for missing in 1..9 {
        std::fs::write(&broken, &whole[..whole.len() - missing]).unwrap();
        let refused = read(&app.app, &broken, true).await.unwrap_err();
        assert!(refused.contains("is truncated"), "all but {missing}: {refused}");
    }
    for n in 1..40 {
        let mut flipped = whole.clone();
        // After the gzip header, whose time and system fields are not checked.
        let at = 10 + (whole.len() - 11) * n / 40;
        // The whole byte: a single bit may be padding without meaning.
        flipped[at] ^= 0xff;
        std::fs::write(&broken, &flipped).unwrap();
        assert!(read(&app.app, &broken, true).await.is_err(), "a flipped byte at {at}");
    }
    // A file with almost no content that claims to be complete deletes nothing.
    let short = |lines: &[String]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
        gz.finish().unwrap()
    };
    let head = |schema: i64| {
        format!(
            "{{\"portcullis_backup\":{{\"form\":1,\"version\":\"9.9\",\"schema\":{schema},\
             \"created_at\":1}}}}"
        )
    };
    let none = "{\"complete\":{\"tables\":0}}".to_owned();
    let schema = portcullis::server::db::schema_version();
    for (lines, word) in [
        (vec![head(schema), none.clone()], "is damaged"),
        (vec![head(schema + 1), none.clone()], "which is newer than this one"),
        (vec![head(schema - 1), none], "which is older than this one"),
    ] {
        std::fs::write(&broken, short(&lines)).unwrap();
        let refused = read(&app.app, &broken, true).await.unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
    std::fs::write(&broken, [whole.clone(), b"more".to_vec()].concat()).unwrap();
    assert!(read(&app.app, &broken, true).await.unwrap_err().contains("is damaged"));
    for (content, word) in [
        (&b""[..], "is truncated: it ends at its beginning"),
        (b"SQLite format 3\0 and more", "is not a Portcullis backup"),
    ] {
        std::fs::write(&broken, content).unwrap();
        let refused = read(&app.app, &broken, true).await.unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
    assert!(read(&app.app, &folder.path().join("none"), true).await.is_err());
    assert_eq!(digests(&app.app.db).await, before, "nothing was changed");
}

on_both!(a_backup_is_a_consistent_snapshot_during_concurrent_writes);
async fn a_backup_is_a_consistent_snapshot_during_concurrent_writes(app: TestApp) {
    fill_tables(&app).await;
    let folder = Folder::new();
    let is_over = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..3)
        .map(|n| {
            let (mut browser, is_over) = (app.browser(), Arc::clone(&is_over));
            tokio::spawn(async move {
                for m in 0..=250 {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    browser.address = ([198, 51, n, m], 1).into();
                    let email = format!("late{n}x{m}@example.com");
                    browser
                        .call("/api/sign-up", &[("email", &email), ("password", PASSWORD)])
                        .await;
                }
            })
        })
        .collect();
    let mut counted = Vec::new();
    for n in 0..4 {
        let path = folder.path().join(format!("{n}.backup"));
        write(&app.app, &path).await;
        let other = TestApp::start(Engine::Sqlite).await;
        read(&other.app, &path, false).await.unwrap();
        // Each new user either has a password, words and an event, or is not in the backup.
        let late = other.number("SELECT COUNT(*) FROM users WHERE email LIKE 'late%'").await;
        for whole in [
            "SELECT COUNT(*) FROM users u JOIN passwords p ON p.user_id = u.id \
             WHERE u.email LIKE 'late%'",
            "SELECT COUNT(DISTINCT u.id) FROM users u JOIN user_words w ON w.user_id = u.id \
             WHERE u.email LIKE 'late%'",
            "SELECT COUNT(*) FROM users u JOIN audit_events e ON e.user_id = u.id \
             WHERE u.email LIKE 'late%' AND e.kind = 'signed_up'",
        ] {
            assert_eq!(other.number(whole).await, late, "{whole}");
        }
        counted.push(late);
    }
    is_over.store(true, Ordering::Relaxed);
    for it in busy {
        it.await.unwrap();
    }
    assert!(counted[0] < counted[3], "others went on meanwhile: {counted:?}");
}

#[test]
fn a_restore_is_rolled_back_if_a_row_reads_back_differently() {
    crate::support::on_sqlite(|_| Box::pin(comes_out_otherwise()));
}

async fn comes_out_otherwise() {
    let app = TestApp::start(Engine::Sqlite).await;
    fill_tables(&app).await;
    let folder = Folder::new();
    let path = folder.path().join("all.backup");
    write(&app.app, &path).await;
    let other = TestApp::start(Engine::Sqlite).await;
    other
        .run(
            "CREATE TRIGGER otherwise AFTER INSERT ON users WHEN NEW.email = 'user7@example.com' \
             BEGIN UPDATE users SET display_name = 'x' WHERE id = NEW.id; END",
        )
        .await;
    let before = digests(&other.app.db).await;
    let refused = read(&other.app, &path, false).await.unwrap_err();
    assert!(refused.contains("the rows of users read back differently"), "{refused}");
    assert_eq!(digests(&other.app.db).await, before, "nothing was changed");
}

#[test]
fn records_are_backed_up_restored_and_moved_by_commands() {
    crate::support::on_sqlite(|_| Box::pin(by_commands()));
}

async fn by_commands() {
    let folder = Folder::new();
    let run = |url: &str, arguments: &[&str]| {
        let settings = [
            ("PORTCULLIS_DATABASE__URL", url),
            ("PORTCULLIS_PASSWORD__MEMORY_KIB", "8"),
            ("PORTCULLIS_LOG__FILTER", "warn"),
        ];
        portcullis(folder.path(), &settings).args(arguments).output().unwrap()
    };
    let first = "sqlite:first.sqlite";
    assert!(run(first, &["migrate"]).status.success());
    for n in 0..5 {
        let email = format!("user{n}@example.com");
        assert!(run(first, &["user", "create", &email, "--admin"]).status.success());
    }
    let list = |url: &str| out(&run(url, &["--json", "user", "list"]));
    let users = list(first);
    let backup = run(first, &["--json", "backup", "all.backup"]);
    assert!(backup.status.success(), "{}", err(&backup));
    assert!(out(&backup).contains("\"table\": \"users\""), "{}", out(&backup));
    let again = run(first, &["backup", "all.backup"]);
    assert_eq!((again.status.code(), err(&again).contains("it already exists")), (Some(1), true));
    assert!(run("sqlite:second.sqlite", &["restore", "all.backup"]).status.success());
    assert_eq!(list("sqlite:second.sqlite"), users);
    let restored = out(&run("sqlite:second.sqlite", &["audit", "list", "--kind", "restored"]));
    assert_eq!(restored.lines().count(), 2, "{restored}");
    let refused = run("sqlite:second.sqlite", &["restore", "all.backup"]);
    assert_eq!((refused.status.code(), err(&refused).contains("--replace")), (Some(1), true));
    assert!(run("sqlite:second.sqlite", &["restore", "all.backup", "--replace"]).status.success());

    std::os::unix::fs::symlink("first.sqlite", folder.path().join("link.sqlite")).unwrap();
    for (wrong, code, word) in [
        (first, 1, "in use"),
        ("sqlite:./first.sqlite", 1, "in use"),
        ("sqlite:link.sqlite", 1, "in use"),
        ("sqlite::memory:", 1, "in memory"),
        ("sqlite:x?mode=memory", 1, "in memory"),
        ("mysql://x", 2, "sqlite: or postgres:"),
    ] {
        let refused = run(first, &["move", "--to", wrong]);
        assert_eq!(refused.status.code(), Some(code), "{wrong}");
        assert!(err(&refused).contains(word), "{}", err(&refused));
    }
    for (n, engine) in engines().into_iter().enumerate() {
        let place = Folder::new();
        let to = crate::support::app::Database::create(engine, place.path()).await.url;
        let moved = run(first, &["move", "--to", &to]);
        assert!(moved.status.success(), "{}", err(&moved));
        assert!(out(&moved).contains("Copied and compared "), "{}", out(&moved));
        assert_eq!(list(&to), users);
        let same = match to.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite://{path}"),
            None => format!("{to}{}application_name=x", if to.contains('?') { '&' } else { '?' }),
        };
        let refused = run(&to, &["move", "--to", &same, "--replace"]);
        assert!(err(&refused).contains("in use"), "{}", err(&refused));
        // And back.
        let back = format!("sqlite:back{n}.sqlite");
        assert!(run(&to, &["move", "--to", &back]).status.success());
        assert_eq!(list(&back), users);
        assert!(run(&back, &["audit", "verify"]).status.success());
        let restored = |url: &str| out(&run(url, &["audit", "list", "--kind", "restored"]));
        assert!(!restored(&back).contains("restored"), "nothing is added: {}", restored(&back));
        let refused = run(&to, &["move", "--to", &back]);
        assert_eq!((refused.status.code(), err(&refused).contains("--replace")), (Some(1), true));
        assert!(run(&to, &["move", "--to", &back, "--replace"]).status.success());
        assert!(restored(&back).contains("in place of 5 users and "), "{}", restored(&back));
    }
}

#[test]
fn data_sealed_with_the_old_key_opens_after_a_key_rotation() {
    crate::support::on_sqlite(|_| Box::pin(rotates()));
}

async fn rotates() {
    let app = TestApp::start(Engine::Sqlite).await;
    let key = app.app.config.site.data.join("key");
    let before = std::fs::read_to_string(&key).unwrap();
    app.signed_in_browser(ADA).await;
    let rotated = backup::rotate(&app.app).await.unwrap();
    assert!(matches!(rotated, portcullis::server::seal::KeyLocation::File));
    let after = std::fs::read_to_string(&key).unwrap();
    let keys: Vec<_> = after.split(' ').collect();
    assert_eq!((keys.len(), keys[1]), (2, before.as_str()));
    assert_ne!(keys[0], before);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_events WHERE kind = 'key_rotated'").await, 1);
    // A restarted process sends the queued mail.
    let again: Arc<App> = app.reopen("").await;
    crate::support::app::run_jobs(&again).await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM mails WHERE sent_at IS NOT NULL").await, 1);
    // Other processes can be given the key file.
    let folder = Folder::new();
    let given = [("PORTCULLIS_SITE__KEY_FILE", key.to_str().unwrap())];
    let checked = portcullis(folder.path(), &given).args(["config", "check"]).output().unwrap();
    assert!(checked.status.success(), "{}", err(&checked));
    for _ in 0..9 {
        backup::rotate(&again).await.unwrap();
    }
    assert_eq!(std::fs::read_to_string(&key).unwrap().split(' ').count(), 5, "not without end");
}
