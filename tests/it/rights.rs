//! Actions whose actor loses the right to them while they wait for the database.

use std::time::Duration;

use portcullis::args;
use portcullis::server::db::Tx;
use portcullis::server::feature::AccessRule;
use tokio::task::JoinHandle;

use crate::support::factor::Authenticator;
use crate::support::features::PERMISSIONS;
use crate::support::passkey::SoftPasskey;
use crate::support::{Browser, Engine, OTHER_PASSWORD, PASSWORD, TestApp, TestResponse};

const ROOT: &str = "root@example.com";

/// Administration functions that change nothing.
const READS: [&str; 10] = [
    "/api/admin/audit",
    "/api/admin/invitations",
    "/api/admin/limits",
    "/api/admin/mail",
    "/api/admin/overview",
    "/api/admin/providers",
    "/api/admin/role",
    "/api/admin/roles",
    "/api/admin/user",
    "/api/admin/users",
];

/// Functions for users that change nothing but the browser's own state, and the end of an impersonation,
/// which gives up rights. Two of them start something at a provider; the callback checks the rights.
const OWN_READS: [&str; 15] = [
    "/api/activity",
    "/api/authenticator-apps/offer",
    "/api/impersonation/end",
    "/api/linked-accounts",
    "/api/linked-accounts/link",
    "/api/overview",
    "/api/passkeys/signal",
    "/api/profile/appearance",
    "/api/reauthentication",
    "/api/reauthentication/passkey/begin",
    "/api/reauthentication/provider",
    "/api/recovery-codes/offer",
    "/api/security",
    "/api/sessions",
    "/api/viewer",
];

type OwnedFields = Vec<(&'static str, String)>;

/// A loss, the SQL that causes it while the action waits, and the SQL that undoes it; `$1` is the actor's
/// email.
const LOSSES: [(&str, &str, &str); 4] = [
    (
        "demoted",
        "UPDATE user_roles SET role_id = (SELECT id FROM roles WHERE name = 'plain')
            WHERE user_id = (SELECT id FROM users WHERE email_key = $1)",
        "UPDATE user_roles SET role_id = 'administrator'
            WHERE user_id = (SELECT id FROM users WHERE email_key = $1)",
    ),
    (
        "disabled",
        "UPDATE users SET disabled_at = 1 WHERE email_key = $1",
        "UPDATE users SET disabled_at = NULL WHERE email_key = $1",
    ),
    (
        "signed out",
        "UPDATE sessions SET expires_at = -expires_at
            WHERE user_id = (SELECT id FROM users WHERE email_key = $1)",
        "UPDATE sessions SET expires_at = -expires_at
            WHERE user_id = (SELECT id FROM users WHERE email_key = $1)",
    ),
    (
        "signed out everywhere",
        "UPDATE users SET session_epoch = session_epoch + 1 WHERE email_key = $1",
        "UPDATE users SET session_epoch = session_epoch - 1 WHERE email_key = $1",
    ),
];

const LOCK: &str = "UPDATE users SET updated_at = updated_at WHERE email_key = $1";

async fn run(app: &TestApp, sql: &'static str, email: &str) {
    app.app.db.execute(sql, args![email]).await.map(drop).unwrap();
}

async fn run_in(tx: &mut Tx, sql: &'static str, email: &str) {
    tx.execute(sql, args![email]).await.map(drop).unwrap();
}

async fn text(app: &TestApp, sql: &'static str, email: &str) -> String {
    app.app.db.scalar(sql, args![email]).await.unwrap()
}

/// Returns every row except those that count attempts.
async fn rows(app: &TestApp) -> Vec<String> {
    let mut rows = app.all_rows().await;
    rows.retain(|it| !it.starts_with("limits: ") && !it.starts_with("password_failures: "));
    rows
}

/// Waits until the action is blocked by our lock.
async fn wait_until_blocked(app: &TestApp, action: &JoinHandle<TestResponse>, what: &str) {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity
        WHERE datname = CURRENT_DATABASE() AND wait_event_type = 'Lock'";
    if app.is_postgres() {
        for _ in 0..500 {
            if action.is_finished() || app.number(WAITING).await > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    } else {
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    assert!(!action.is_finished(), "{what} did not wait");
}

/// Starts the action while the row of `held` is locked (on SQLite, the whole database), removes the actor's
/// right, and lets the action continue.
async fn act_while_losing(
    app: &TestApp,
    browser: &Browser,
    (path, fields): (&'static str, &OwnedFields),
    (actor, held): (&str, &str),
    (loss, sql): (&str, &'static str),
) -> TestResponse {
    let mut tx = app.app.db.begin().await.unwrap();
    run_in(&mut tx, LOCK, held).await;
    run_in(&mut tx, sql, actor).await;
    let (mut browser, fields) = (browser.clone(), fields.clone());
    let action = tokio::spawn(async move {
        let fields: Vec<_> = fields.iter().map(|it| (it.0, it.1.as_str())).collect();
        browser.call(path, &fields).await
    });
    wait_until_blocked(app, &action, &format!("{path} of one {loss}")).await;
    tx.commit().await.unwrap();
    action.await.unwrap()
}

/// Checks that the action is refused and changes nothing after each loss, and succeeds without one.
async fn check_losses(
    app: &TestApp,
    (browser, actor): (&mut Browser, &str),
    (path, fields): (&'static str, &OwnedFields),
    held: &[&str],
    losses: &[(&str, &'static str, &'static str)],
) {
    for held in held {
        for (loss, sql, back) in losses {
            let before = rows(app).await;
            let answer =
                act_while_losing(app, browser, (path, fields), (actor, held), (loss, sql)).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 401 | 403), "{path} {loss}: {status} {}", answer.text());
            run(app, back, actor).await;
            assert_eq!(rows(app).await, before, "{path} of one {loss}");
        }
    }
    let before = app.all_rows().await;
    let fields: Vec<_> = fields.iter().map(|it| (it.0, it.1.as_str())).collect();
    let answer = browser.call(path, &fields).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_ne!(app.all_rows().await, before, "{path} does nothing");
}

/// Creates the records for an administration action, and returns its fields.
async fn prepare(app: &TestApp, root: &mut Browser, path: &str, email: &str) -> OwnedFields {
    const LINK: &str = "INSERT INTO linked_accounts
            (id, user_id, provider, issuer, subject, account, created_at)
        SELECT 'l-' || id, id, 'acme', 'https://acme.example', id, 'eve', 1
        FROM users WHERE email_key = $1";
    const APP: &str = "INSERT INTO authenticator_apps
            (id, user_id, name, sealed, key_id, last_step, created_at, seq)
        SELECT 'a-' || id, id, 'Phone', '', '', 1, 1, 1 FROM users WHERE email_key = $1";
    app.create_user(email).await;
    let id = app.id_of(email).await;
    let plain = app.text("SELECT id FROM roles WHERE name = 'plain'").await;
    let mut more: OwnedFields = Vec::new();
    match path {
        "/api/admin/audit/export" => return more,
        "/api/admin/invitations/invite" => return vec![("email", format!("new-{email}"))],
        "/api/admin/invitations/withdraw" => {
            let sql = "SELECT id FROM tickets WHERE purpose = 'invitation' AND address = $1";
            let invited = format!("invited-{email}");
            let fields = [("email", invited.as_str())];
            assert_eq!(root.call("/api/admin/invitations/invite", &fields).await.status, 200);
            return vec![("part", text(app, sql, &invited).await)];
        }
        "/api/admin/limits/lift" => {
            app.run("INSERT INTO limits VALUES ('recovery_address', '192.0.2.99', 9000000000000)")
                .await;
            return vec![("part", "recovery_address 192.0.2.99".to_owned())];
        }
        "/api/admin/role/remove" => return vec![("id", app.role("gone", &[]).await)],
        "/api/admin/role/save" => return vec![("name", "fresh".to_owned())],
        "/api/admin/user/disable" => more.push(("reason", "away".to_owned())),
        "/api/admin/user/enable" => run(app, LOSSES[1].1, email).await,
        "/api/admin/user/give-role" => more.push(("part", plain)),
        "/api/admin/user/take-role" => {
            app.assign_role(email, "plain").await;
            more.push(("part", plain));
        }
        "/api/admin/user/end-session" | "/api/admin/user/end-sessions" => {
            let session = "INSERT INTO sessions (id, id_digest, user_id, epoch, data, address,
                    browser, remembered, created_at, seen_at, authenticated_at, expires_at)
                SELECT 's-' || id, id, id, 0, '{}', '', '', FALSE, 1, 1, 1, 9000000000
                FROM users WHERE email_key = $1";
            run(app, session, email).await;
            more.push(("part", format!("s-{id}")));
        }
        "/api/admin/user/restore" => {
            run(app, "UPDATE users SET deletes_at = 9000000000 WHERE email_key = $1", email).await;
        }
        "/api/admin/user/remove-factor" => {
            run(app, APP, email).await;
            more.push(("part", format!("a-{id}")));
        }
        "/api/admin/user/unlink" => {
            run(app, LINK, email).await;
            more.push(("part", format!("l-{id}")));
        }
        "/api/admin/user/delete"
        | "/api/admin/user/impersonate"
        | "/api/admin/user/password-link"
        | "/api/admin/user/unlock" => {}
        _ => panic!("{path} is new: say here what it is about, or in READS that it only reads"),
    }
    more.extend(app.user_fields(email).await);
    more
}

const NO_LIMITS: &str = "
    [limit]
    sign_up_address = \"none\"
    sign_in_account = \"none\"
    sign_in_address = \"none\"
    resend_account = \"none\"
    resend_address = \"none\"
";

on_both!(v5_0_0__8_3_2__an_action_is_refused_if_its_actor_loses_the_right_while_it_waits);
async fn v5_0_0__8_3_2__an_action_is_refused_if_its_actor_loses_the_right_while_it_waits(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, NO_LIMITS).await;
    app.administrator("second@example.com").await;
    app.administrator(ROOT).await;
    app.role("plain", &[]).await;
    let actions = PERMISSIONS.iter().map(|it| it.0).filter(|it| it.starts_with("/api/admin/"));
    for (n, path) in actions.enumerate() {
        if READS.contains(&path) {
            continue;
        }
        let mut root = app.browser();
        root.sign_in(ROOT).await;
        let email = format!("eve{n}@example.com");
        let fields = prepare(&app, &mut root, path, &email).await;
        let has_target = path.starts_with("/api/admin/user/") && app.is_postgres();
        let held = [ROOT, &email];
        let held = if has_target { &held[..] } else { &held[..1] };
        check_losses(&app, (&mut root, ROOT), (path, &fields), held, &LOSSES).await;
    }
}

on_both!(a_function_that_only_reads_changes_nothing);
async fn a_function_that_only_reads_changes_nothing(app: TestApp) {
    let mut root = app.administrator(ROOT).await;
    let id = app.id_of(ROOT).await;
    let before = app.all_rows().await;
    for path in READS {
        let fields = if path == "/api/admin/user" { vec![("id", id.as_str())] } else { vec![] };
        assert_eq!(root.call(path, &fields).await.status, 200, "{path}");
    }
    assert_eq!(app.all_rows().await, before);
}

/// Creates the records for a user's action on their own account, and returns their browser and the fields.
async fn prepare_own(app: &TestApp, path: &str, email: &str) -> (Browser, OwnedFields) {
    let mut eve = app.signed_in_browser(email).await;
    let other = || vec![("email", format!("other-{email}"))];
    let fields: OwnedFields = match path {
        "/api/deletion/ask"
        | "/api/export"
        | "/api/passkeys/begin"
        | "/api/passkeys/begin-automatically"
        | "/api/sessions/end-others"
        | "/api/verification/resend" => Vec::new(),
        "/api/authenticator-apps/add" => {
            let offer = eve.call("/api/authenticator-apps/offer", &[]).await.json();
            let text = |name: &str| offer[name].as_str().unwrap().to_owned();
            let code = Authenticator { key: text("key") }.code(app.clock.now());
            vec![("token", text("token")), ("app_code", code)]
        }
        "/api/authenticator-apps/remove" => {
            eve.add_app(app, "Phone").await;
            let sql = "SELECT id FROM authenticator_apps WHERE user_id =
                (SELECT id FROM users WHERE email_key = $1)";
            vec![("id", text(app, sql, email).await)]
        }
        "/api/passkeys/add" => {
            let challenge = eve.challenge("/api/passkeys/begin", &[]).await;
            let passkey = SoftPasskey::new(&challenge, &eve.origin);
            let credential = passkey.register(&passkey.registration(&challenge));
            vec![("token", challenge.token), ("credential", credential)]
        }
        "/api/passkeys/add-automatically" => {
            let challenge = eve.challenge("/api/passkeys/begin-automatically", &[]).await;
            let passkey = SoftPasskey::new(&challenge, &eve.origin);
            let credential = passkey.register(&passkey.registration(&challenge));
            vec![("token", challenge.token), ("credential", credential)]
        }
        "/api/passkeys/remove" | "/api/passkeys/rename" | "/api/passkeys/enable" => {
            eve.add_passkey("Laptop").await;
            let disable = "UPDATE passkeys SET disabled_at = 1 WHERE user_id =
                (SELECT id FROM users WHERE email_key = $1)";
            run(app, disable, email).await;
            let sql = "SELECT id FROM passkeys WHERE user_id =
                (SELECT id FROM users WHERE email_key = $1)";
            vec![("id", text(app, sql, email).await), ("passkey_name", "Phone".to_owned())]
        }
        "/api/reauthentication/passkey" => {
            let mut passkey = eve.add_passkey("Laptop").await;
            let challenge = eve.challenge("/api/reauthentication/passkey/begin", &[]).await;
            let response = passkey.assertion(&challenge);
            vec![("token", challenge.token), ("credential", passkey.sign(&response))]
        }
        "/api/recovery-codes/activate" => {
            eve.add_app(app, "Phone").await;
            let offer = eve.call("/api/recovery-codes/offer", &[]).await.json();
            vec![("token", offer["token"].as_str().unwrap().to_owned())]
        }
        "/api/reauthentication/code" => {
            let added = eve.add_app(app, "Phone").await;
            vec![("app_code", app.next_code(&added))]
        }
        "/api/reauthentication/recovery-code" => {
            eve.add_app(app, "Phone").await;
            vec![("recovery_code", eve.create_recovery_codes().await.remove(0))]
        }
        "/api/linked-accounts/unlink" => {
            let link = "INSERT INTO linked_accounts
                    (id, user_id, provider, issuer, subject, account, created_at)
                SELECT 'l-' || id, id, 'acme', 'https://acme.example', id, 'eve', 1
                FROM users WHERE email_key = $1";
            run(app, link, email).await;
            vec![("id", format!("l-{}", app.id_of(email).await))]
        }
        "/api/password/change" => vec![
            ("current_password", PASSWORD.to_owned()),
            ("new_password", OTHER_PASSWORD.to_owned()),
        ],
        "/api/profile/display-name" => vec![("display_name", "Eve".to_owned())],
        "/api/reauthentication/password" => vec![("current_password", PASSWORD.to_owned())],
        "/api/sessions/end" => {
            app.browser().sign_in(email).await;
            let newest = "SELECT id FROM sessions WHERE user_id =
                (SELECT id FROM users WHERE email_key = $1) ORDER BY id DESC LIMIT 1";
            vec![("id", text(app, newest, email).await)]
        }
        "/api/trusted-browsers/revoke" | "/api/trusted-browsers/revoke-all" => {
            let trust = "INSERT INTO trusted_browsers
                    (id, user_id, browser_digest, address, browser, created_at, expires_at)
                SELECT 't-' || id, id, 'x', '', '', 1, 9000000000 FROM users WHERE email_key = $1";
            run(app, trust, email).await;
            if path.ends_with("all") {
                Vec::new()
            } else {
                vec![("id", format!("t-{}", app.id_of(email).await))]
            }
        }
        "/api/verification/change" => other(),
        "/api/verification/finish-change" => {
            app.mails().await;
            let fields = [("email", format!("other-{email}"))];
            let fields: Vec<_> = fields.iter().map(|it| (it.0, it.1.as_str())).collect();
            assert_eq!(eve.call("/api/verification/change", &fields).await.status, 200);
            let link = app.mail().await.link();
            eve.visit(&link).await;
            let sql = "SELECT id FROM tickets WHERE used_at IS NULL AND address = $1";
            vec![("ticket", text(app, sql, fields[0].1).await)]
        }
        _ => panic!("{path} is new: say here what it is about, or in OWN_READS that it only reads"),
    };
    (eve, fields)
}

on_both!(v5_0_0__7_4_1__an_action_is_refused_if_its_session_ends_while_it_waits);
async fn v5_0_0__7_4_1__an_action_is_refused_if_its_session_ends_while_it_waits(engine: Engine) {
    let app = TestApp::with_settings(engine, NO_LIMITS).await;
    let own = PERMISSIONS
        .iter()
        .filter(|it| matches!(it.1, AccessRule::SignedIn | AccessRule::MaybeUnverified));
    for (n, (path, _)) in own.enumerate() {
        if OWN_READS.contains(path) {
            continue;
        }
        let email = format!("eve{n}@example.com");
        let (mut eve, fields) = prepare_own(&app, path, &email).await;
        check_losses(&app, (&mut eve, &email), (path, &fields), &[&email], &LOSSES[1..]).await;
    }
}

/// Makes every update of a user's row fail, as a full or broken disk does.
async fn break_users(app: &TestApp) {
    if app.is_postgres() {
        app.run(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100''; END'",
        )
        .await;
        app.run("CREATE TRIGGER fail BEFORE UPDATE ON users EXECUTE FUNCTION fail()").await;
    } else {
        app.run(
            "CREATE TRIGGER fail BEFORE UPDATE ON users BEGIN SELECT RAISE(ABORT, 'full'); END",
        )
        .await;
    }
}

on_both!(v5_0_0__16_5_2__every_action_reports_a_database_error_as_a_server_error);
async fn v5_0_0__16_5_2__every_action_reports_a_database_error_as_a_server_error(engine: Engine) {
    let app = TestApp::with_settings(engine, NO_LIMITS).await;
    app.administrator(ROOT).await;
    app.role("plain", &[]).await;
    let mut actions = Vec::new();
    for (n, (path, access)) in PERMISSIONS.iter().enumerate() {
        let email = format!("eve{n}@example.com");
        if path.starts_with("/api/admin/") && !READS.contains(path) {
            let mut root = app.browser();
            root.sign_in(ROOT).await;
            let fields = prepare(&app, &mut root, path, &email).await;
            actions.push((path, root, fields));
        } else if matches!(access, AccessRule::SignedIn | AccessRule::MaybeUnverified)
            && !OWN_READS.contains(path)
        {
            let (eve, fields) = prepare_own(&app, path, &email).await;
            actions.push((path, eve, fields));
        }
    }
    // Rows are locked in the order of their ids: root's row is the first, and this user's is the last.
    let late = app.administrator("late@example.com").await;
    let by_late = actions.iter().filter(|it| it.0.starts_with("/api/admin/"));
    let by_late: Vec<_> = by_late.map(|it| (it.0, late.clone(), it.2.clone())).collect();
    actions.extend(by_late);
    break_users(&app).await;
    let before = rows(&app).await;
    let expected = if app.is_postgres() { (503, "unavailable") } else { (500, "internal") };
    for (path, mut browser, fields) in actions {
        let fields: Vec<_> = fields.iter().map(|it| (it.0, it.1.as_str())).collect();
        let answer = browser.call(path, &fields).await;
        assert_eq!(answer.status, expected.0, "{path}: {}", answer.text());
        assert_eq!(answer.json(), expected.1, "{path}");
        assert_eq!(rows(&app).await, before, "{path}");
    }
}
