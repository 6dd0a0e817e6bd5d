//! The command line, as operators and their scripts use it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Output, Stdio};

use clap::CommandFactory as _;
use portcullis::cli::{COMMANDS, Cli};
use serde_json::{Value, json};

use crate::support::app::{Database, Folder};
use crate::support::process::{clock_behind, err, has_row, out, portcullis};
use crate::support::{ADA, EVE, Engine, PASSWORD};

/// A database on which commands are run.
struct TestSite {
    folder: Folder,
    url: String,
}

impl TestSite {
    async fn new(engine: Engine) -> Self {
        let folder = Folder::new();
        let url = Database::create(engine, folder.path()).await.url;
        let place = Self { folder, url };
        place.json(&["migrate"]);
        place
    }

    /// Changes records directly in the database.
    async fn tamper(&self, engine: &Engine, sql: &'static str) {
        match engine {
            Engine::Sqlite => {
                let pool = sqlx::SqlitePool::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&pool).await.unwrap();
                pool.close().await;
            }
            Engine::Postgres(_) => {
                let pool = sqlx::PgPool::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&pool).await.unwrap();
                pool.close().await;
            }
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let settings = [
            ("PORTCULLIS_DATABASE__URL", self.url.as_str()),
            ("PORTCULLIS_PASSWORD__MEMORY_KIB", "8"),
            ("PORTCULLIS_LOG__FILTER", "warn"),
        ];
        let mut command = portcullis(self.folder.path(), &settings);
        command.args(arguments).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have exited already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a command that must succeed. Returns its JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let output = self.run(&all);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
        serde_json::from_str(&out(&output))
            .unwrap_or_else(|_| panic!("{arguments:?}: {}", out(&output)))
    }

    /// Runs a command that must fail. Returns its exit code and its only line.
    fn run_refused(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        let line = err(&output);
        assert_eq!((line.lines().count(), out(&output).as_str()), (1, ""), "{arguments:?}: {line}");
        assert!(line.starts_with("portcullis: "), "{line}");
        (output.status.code().unwrap(), line["portcullis: ".len()..].trim_end().to_owned())
    }
}

on_both!(an_operator_manages_users_from_the_command_line);
async fn an_operator_manages_users_from_the_command_line(engine: Engine) {
    let place = TestSite::new(engine).await;
    let made = place.json(&["user", "create", ADA, "--admin", "--name", "Ada Lovelace"]);
    assert!(made["password_link"].as_str().unwrap().contains("/tickets/"));
    let made = place
        .run_with_input(&["user", "create", EVE, "--password-stdin"], &format!("{PASSWORD}\n"));
    assert_eq!(made.status.code(), Some(0), "{}", err(&made));
    assert!(!out(&made).contains("/tickets/"));
    let short =
        place.run_with_input(&["user", "create", "x@example.com", "--password-stdin"], "short\n");
    assert_eq!(short.status.code(), Some(2));
    assert!(err(&short).contains("15"), "{}", err(&short));
    assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(place.json(&["user", "list", "lovelace"])[0]["email"], ADA);

    place.json(&[
        "role",
        "create",
        "support",
        "--permission",
        "users.read",
        "--permission",
        "billing:read",
    ]);
    place.json(&["user", "roles", EVE, "--add", "support"]);
    assert_eq!(place.json(&["user", "show", EVE])["roles"], "support");
    assert_eq!(place.json(&["user", "list", "--role", "support"])[0]["email"], EVE);
    place.json(&[
        "role",
        "change",
        "support",
        "--rename",
        "helpers",
        "--permission",
        "billing:read",
    ]);
    assert_eq!(place.json(&["role", "show", "helpers"])[0]["permissions"], json!(["billing:read"]));
    // Properties that are not named stay.
    place.json(&["role", "change", "helpers", "--about", "They help"]);
    place.json(&["role", "change", "helpers", "--rename", "aides"]);
    let aides = &place.json(&["role", "show", "aides"])[0];
    assert_eq!(aides["permissions"], json!(["billing:read"]));
    assert_eq!(aides["about"], "They help");
    place.json(&["role", "change", "aides", "--no-permissions", "--rename", "helpers"]);
    assert_eq!(place.json(&["role", "show", "helpers"])[0]["permissions"], json!([]));
    assert_eq!(place.json(&["user", "roles", EVE])[0]["name"], "helpers");
    place.json(&["user", "roles", EVE, "--remove", "helpers"]);
    place.json(&["role", "remove", "helpers"]);
    assert_eq!(place.json(&["role", "list"]).as_array().unwrap().len(), 1);
    assert!(place.json(&["role", "permissions"]).as_array().unwrap().len() >= 12);

    place.json(&["user", "disable", EVE, "--reason", "spam", "--until", "2099-01-01"]);
    let shown = place.json(&["user", "show", EVE]);
    assert_eq!(shown["disabled_reason"], "spam");
    assert_eq!((&shown["second_factors"], &shown["trusted_browsers"]), (&json!(0), &json!(0)));
    assert_eq!(place.json(&["user", "list", "--state", "disabled"])[0]["email"], EVE);
    place.json(&["user", "enable", EVE]);
    assert!(
        place.json(&["user", "password-link", EVE])["link"].as_str().unwrap().contains("/tickets/")
    );
    assert!(place.json(&["user", "invite", "new@example.com"])["link"].is_string());
    assert_eq!(place.json(&["user", "sessions", EVE]), json!([]));
    assert_eq!(place.json(&["session", "list", EVE]), json!([]));
    place.json(&["session", "end", EVE]);
    assert_eq!(place.json(&["user", "export", EVE])["users"][0]["email"], EVE);
    place.json(&["user", "delete", EVE]);
    assert_eq!(place.json(&["user", "list", "--state", "deleting"])[0]["email"], EVE);
    place.json(&["user", "restore", EVE]);
    place.json(&["user", "delete", EVE, "--now"]);
    assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 1);

    assert_eq!(place.json(&["mail", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(place.json(&["provider", "list"]), json!([]));
    assert_eq!(place.json(&["audit", "list", "--kind", "deleted"])[0]["actor"], "command-line");
    let verdict = place.json(&["audit", "verify"]);
    assert_eq!((&verdict["broken"], &verdict["unsealed"]), (&Value::Null, &json!(0)));
    for check in place.json(&["doctor"]).as_array().unwrap() {
        assert_ne!(check["state"], "error", "{check}");
    }
    assert_eq!(place.json(&["config", "check"])["log.filter"]["value"], "\"warn\"");
    place.json(&["migrate"]);
}

on_both!(each_operator_mistake_gives_a_one_line_error);
async fn each_operator_mistake_gives_a_one_line_error(engine: Engine) {
    let place = TestSite::new(engine).await;
    place.json(&["user", "create", ADA, "--admin"]);
    for (arguments, code, word) in [
        (&["fly"][..], 2, "unrecognized subcommand"),
        (&["user"], 2, "a command is missing"),
        (&["user", "create"], 2, "EMAIL"),
        (&["user", "create", "ada"], 2, "Enter an email address like ada@example.com."),
        (&["user", "create", EVE, "--password", "hunter2"], 2, "unexpected argument"),
        (&["user", "create", EVE, "--password", "--password-stdin"], 2, "cannot be used with"),
        (&["user", "create", ADA], 1, "another user already has this email address"),
        (&["user", "create", EVE, "--role", "pilot"], 1, "there is no role \"pilot\""),
        (&["user", "show", "nobody@example.com"], 1, "there is no user \"nobody@example.com\""),
        (&["user", "disable", ADA, "--reason", "x"], 1, "would leave no administrator"),
        (
            &["user", "disable", ADA, "--reason", "x", "--until", "soon"],
            2,
            "expected a date like 2026-12-24",
        ),
        (&["user", "list", "--state", "asleep"], 2, "asleep"),
        (&["user", "delete", ADA, "--now"], 1, "would leave no administrator"),
        (&["role", "create", "Pilot"], 2, "Use 2 to 40 lowercase letters"),
        (&["role", "create", "pilot", "--permission", "fly"], 2, "billing:read"),
        (&["user", "disable", ADA, "--reason", "x", "--until", "2020-01-01"], 2, "Choose a date"),
        (&["session", "end", ADA, "nowhere"], 1, "has no session \"nowhere\""),
        (&["role", "create", "administrator"], 1, "A role with this name already exists"),
        (&["role", "remove", "administrator"], 1, "built in"),
        (&["audit", "list", "--kind", "flown"], 2, "expected one of signed_up, "),
        (&["audit", "verify", "--head", "7"], 2, "NUMBER:DIGEST"),
        (&["audit", "export", "--format", "pdf"], 2, "pdf"),
        (&["mail", "preview", "love-letter"], 1, "love-letter"),
    ] {
        let (status, line) = place.run_refused(arguments);
        assert_eq!(status, code, "{arguments:?}: {line}");
        assert!(line.contains(word), "{arguments:?}: {line}");
    }
    assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 1);
}

on_both!(a_broken_audit_chain_exits_with_code_3);
async fn a_broken_audit_chain_exits_with_code_3(engine: Engine) {
    let place = TestSite::new(engine.clone()).await;
    place.json(&["user", "create", ADA, "--admin"]);
    place.json(&["user", "password-link", ADA]);
    place.tamper(&engine, "UPDATE audit_events SET kind = 'user_creatfd' WHERE position = 1").await;
    let found = place.run(&["audit", "verify"]);
    assert_eq!(found.status.code(), Some(3), "{}", err(&found));
    assert!(
        out(&found).contains("Event 1 (") && out(&found).contains("was changed"),
        "{}",
        out(&found)
    );
    let looked = place.run(&["doctor"]);
    assert_eq!(looked.status.code(), Some(3), "{}", err(&looked));
    assert!(has_row(&out(&looked), "error audit log"), "{}", out(&looked));
    let lines = out(&place.run(&["audit", "export"]));
    assert_eq!(lines.lines().count(), 5, "the export itself is in it: {lines}");
    assert!(lines.lines().all(|it| serde_json::from_str::<Value>(it).is_ok()));
    let csv =
        out(&place.run(&["audit", "export", "--format", "csv", "--kind", "password_link_sent"]));
    assert_eq!(csv.lines().count(), 3, "{csv}");
}

on_both!(v5_0_0__1_4_2__extreme_chain_positions_are_reported_as_broken_without_a_panic);
async fn v5_0_0__1_4_2__extreme_chain_positions_are_reported_as_broken_without_a_panic(
    engine: Engine,
) {
    for sql in [
        "UPDATE audit_chain SET position = 9223372036854775807",
        "UPDATE audit_chain SET position = 9223372036854775807 WHERE mark = 'start'",
        "UPDATE audit_chain SET position = -9223372036854775807 WHERE mark = 'start'",
        "UPDATE audit_events SET position = 9223372036854775807 WHERE position = 1",
    ] {
        let place = TestSite::new(engine.clone()).await;
        place.json(&["user", "create", ADA, "--admin"]);
        place.tamper(&engine, sql).await;
        let found = place.run(&["audit", "verify"]);
        let said = out(&found) + &err(&found);
        assert_eq!(found.status.code(), Some(3), "{sql}: {said}");
    }
}

#[test]
fn a_missing_key_is_not_recreated_by_read_only_commands() {
    let folder = Folder::new();
    let run = |arguments: &[&str]| portcullis(folder.path(), &[]).args(arguments).output().unwrap();
    assert_eq!(run(&["migrate"]).status.code(), Some(0));
    // A command reports its result once, and only on standard output.
    let made = run(&["user", "create", ADA]);
    assert_eq!((made.status.code(), err(&made).as_str()), (Some(0), ""));
    assert_eq!(run(&["user", "list"]).status.code(), Some(0));
    assert_eq!(run(&["doctor"]).status.code(), Some(0));
    let key = folder.path().join("portcullis-data/key");
    std::fs::remove_file(&key).unwrap();
    let looked = run(&["doctor"]);
    assert_eq!(looked.status.code(), Some(3));
    assert!(has_row(&out(&looked), "error key"), "{}", out(&looked));
    let refused = run(&["user", "list"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("there is no key at portcullis-data/key"), "{}", err(&refused));
    assert!(!key.exists());
}

/// Returns all commands, each with the words that run it.
pub fn commands(command: &clap::Command, before: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for it in command.get_subcommands() {
        let name = format!("{before}{}", it.get_name());
        if it.has_subcommands() {
            all.extend(commands(it, &format!("{name} ")));
        } else {
            all.insert(name);
        }
    }
    all
}

#[test]
fn v5_0_0__8_1_1__every_command_is_in_the_command_table() {
    let listed: BTreeSet<_> = COMMANDS.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(commands(&Cli::command(), ""), listed);
    Cli::command().debug_assert();
}

#[test]
fn commands_have_help_manual_pages_and_shell_completions() {
    let folder = Folder::new();
    let man = folder.path().join("man");
    let run = |arguments: &[&str]| portcullis(folder.path(), &[]).args(arguments).output().unwrap();
    for command in COMMANDS {
        let mut arguments: Vec<_> = command.split(' ').collect();
        arguments.push("--help");
        let help = run(&arguments);
        assert!(help.status.success() && out(&help).contains("Usage: portcullis "), "{command}");
        assert!(!out(&help).lines().next().unwrap().is_empty(), "{command}");
    }
    assert!(run(&["man", man.to_str().unwrap()]).status.success());
    for page in ["portcullis.1", "portcullis-user-create.1", "portcullis-audit-verify.1"] {
        let text = std::fs::read_to_string(man.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let text = out(&run(&["completions", shell]));
        assert!(text.contains("password-link"), "{shell}");
    }
}

on_both!(v5_0_0__16_2_2__an_operator_confirms_the_clock);
async fn v5_0_0__16_2_2__an_operator_confirms_the_clock(engine: Engine) {
    let place = TestSite::new(engine.clone()).await;
    let doubted = || {
        let rows = place.json(&["doctor"]);
        let clock = rows.as_array().unwrap().iter().find(|it| it["what"] == "clock").cloned();
        clock.unwrap()["about"].as_str().unwrap().contains("portcullis clock confirm")
    };
    assert!(!doubted());
    // As if the site had been off for 90 days.
    place.tamper(&engine, "UPDATE clock SET noted_at = noted_at - 90 * 86400").await;
    assert!(doubted());
    let done = place.run(&["clock", "confirm"]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert_eq!(out(&done), "Confirmed the clock; servers trust it within five minutes.\n");
    assert!(!doubted());
    let events = place.json(&["audit", "list"]);
    let kinds: Vec<_> = events.as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["clock_confirmed"]);

    // The database server has its own clock, which contradicts a wrong one.
    if matches!(engine, Engine::Postgres(_)) {
        let mut command =
            portcullis(place.folder.path(), &[("PORTCULLIS_DATABASE__URL", &place.url)]);
        let refused = command.envs(clock_behind(3600)).args(["clock", "confirm"]).output().unwrap();
        assert_eq!((refused.status.code(), out(&refused)), (Some(1), String::new()));
        assert!(err(&refused).contains("s behind the database's"), "{}", err(&refused));
        assert_eq!(place.json(&["audit", "list"]).as_array().unwrap().len(), 1);
    }
}
