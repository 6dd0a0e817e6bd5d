//! Runs every command that the command line defines: in an empty folder, with its output unread, on a full
//! disk, and with something else in the way.

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use clap::CommandFactory as _;
use portcullis::cli::Cli;

use crate::commands::commands;
use crate::support::app::{Database, Folder};
use crate::support::process::{Server, err, out, portcullis, run};
use crate::support::{ADA, EVE, Engine, PASSWORD};

/// Commands that may create a database.
const CREATE_DATABASE: [&str; 3] = ["serve", "migrate", "restore"];

/// Commands that need no database.
const NEED_NO_DATABASE: [&str; 8] = [
    "breach build",
    "completions",
    "config check",
    "config example",
    "mail preview",
    "man",
    "provider presets",
    "role permissions",
];

const GONE: &str = "gone@example.com";
const DISABLED: &str = "barred@example.com";

/// The id of an authenticator app.
const FACTOR: &str = "phone";

/// Adds an authenticator app, which no command does.
fn add_factor(folder: &Path) {
    const INSERT: &str = "INSERT INTO authenticator_apps
            (id, user_id, name, sealed, key_id, last_step, created_at, seq)
        SELECT 'phone', id, 'Phone', '', '', 1, 1, 1 FROM users WHERE email_key = $1";
    let url = format!("sqlite:{}/portcullis-data/portcullis.sqlite", folder.display());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query(INSERT).bind(EVE).execute(&pool).await.unwrap();
        pool.close().await;
    });
}

/// Returns a command with the arguments that it needs in a folder made by `prepare`.
fn arguments(command: &str) -> Vec<&str> {
    let more: &[&str] = match command {
        "audit export" | "audit list" | "audit verify" | "clock confirm" | "config check"
        | "config example" | "doctor" | "key rotate" | "mail list" | "mail preview" | "migrate"
        | "provider list" | "provider presets" | "role list" | "role permissions" | "serve"
        | "user list" => &[],
        "backup" => &["new.backup"],
        "breach build" => &["list"],
        "completions" => &["bash"],
        "man" => &["manual"],
        "move" => &["--to", "sqlite:moved.sqlite"],
        "provider check" => &["gone"],
        "restore" => &["kept.backup", "--replace"],
        "role change" => &["support", "--about", "They help"],
        "role create" => &["pilot"],
        "role remove" | "role show" => &["support"],
        "session end" | "session list" | "user delete" | "user export" | "user password-link"
        | "user factors list" | "user roles" | "user sessions" | "user show" => &[EVE],
        "user factors remove" => &[EVE, FACTOR],
        "user create" => &["new@example.com"],
        "user disable" => &[EVE, "--reason", "spam"],
        "user enable" => &[DISABLED],
        "user invite" => &["guest@example.com"],
        "user restore" => &[GONE],
        _ => panic!("{command} is new: say here how it is run"),
    };
    command.split(' ').chain(more.iter().copied()).collect()
}

fn all_commands() -> Vec<String> {
    commands(&Cli::command(), "").into_iter().collect()
}

fn prepare(folder: &Path) {
    for arguments in [
        &["migrate"][..],
        &["user", "create", ADA, "--admin"],
        &["user", "create", EVE],
        &["user", "create", GONE],
        &["user", "delete", GONE],
        &["user", "create", DISABLED],
        &["user", "disable", DISABLED, "--reason", "spam"],
        &["role", "create", "support"],
        &["backup", "kept.backup"],
    ] {
        let done = run(folder, &[], arguments);
        assert!(done.status.success(), "{arguments:?}: {}", err(&done));
    }
    add_factor(folder);
    std::fs::write(folder.join("list"), format!("{PASSWORD}\n")).unwrap();
    // A provider that does not respond.
    let gone = "http://127.0.0.1:9";
    let settings = format!(
        "[social.gone]\nissuer = \"{gone}\"\nauthorize_url = \"{gone}\"\ntoken_url = \"{gone}\"\n\
         userinfo_url = \"{gone}\"\nclient_id = \"x\"\nclient_secret = \"y\"\n"
    );
    std::fs::write(folder.join("portcullis.toml"), settings).unwrap();
}

/// Copies a prepared folder.
fn copy_folder(template: &Folder) -> Folder {
    let folder = Folder::new();
    let from = template.path().join(".");
    let copied = Command::new("cp").arg("-a").arg(from).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    folder
}

fn full_disk() -> Stdio {
    std::fs::File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe whose reader is closed.
fn closed_pipe() -> Stdio {
    std::io::pipe().unwrap().1.into()
}

fn run_to(folder: &Path, arguments: &[&str], stdout: Stdio) -> Output {
    let mut command = portcullis(folder, &[]);
    command.args(arguments).stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

fn assert_full_disk_error(output: &Output, what: &str) {
    let line = err(output);
    assert_eq!(
        (output.status.code(), line.as_str()),
        (
            Some(1),
            "portcullis: standard output can't be written: No space left on device (os error 28)\n"
        ),
        "{what}"
    );
}

#[test]
fn every_command_survives_a_closed_pipe_and_a_full_disk() {
    let template = Folder::new();
    prepare(template.path());
    for command in all_commands().iter().filter(|it| *it != "serve") {
        let plain = arguments(command);
        let json = [&["--json"], plain.as_slice()].concat();
        // A new filter is tested at length, so this command runs in one output format only.
        let ways = if command == "breach build" { vec![&plain] } else { vec![&plain, &json] };
        for way in ways {
            let unread = run_to(copy_folder(&template).path(), way, closed_pipe());
            let code = if command == "provider check" { 3 } else { 0 };
            assert_eq!((unread.status.code(), err(&unread).as_str()), (Some(code), ""), "{way:?}");
            assert_full_disk_error(
                &run_to(copy_folder(&template).path(), way, full_disk()),
                command,
            );
        }
    }
}

#[test]
fn every_help_text_survives_a_closed_pipe_and_a_full_disk() {
    let folder = Folder::new();
    let mut asked: Vec<_> = all_commands().iter().map(|it| format!("{it} --help")).collect();
    asked.extend(["--help", "--version", "help", "help user create"].map(str::to_owned));
    for words in &asked {
        let words: Vec<_> = words.split(' ').collect();
        let unread = run_to(folder.path(), &words, closed_pipe());
        assert_eq!((unread.status.code(), err(&unread).as_str()), (Some(0), ""), "{words:?}");
        assert_full_disk_error(&run_to(folder.path(), &words, full_disk()), &format!("{words:?}"));
    }
}

#[test]
fn an_error_that_cannot_be_printed_still_sets_the_exit_code() {
    let folder = Folder::new();
    for (arguments, code) in [(&["fly"][..], 2), (&["user", "list"], 1)] {
        for lost in [full_disk(), closed_pipe()] {
            let status = portcullis(folder.path(), &[]).args(arguments).stderr(lost).status();
            assert_eq!(status.unwrap().code(), Some(code), "{arguments:?}");
        }
    }
}

#[test]
fn v5_0_0__16_5_3__the_server_keeps_running_if_its_log_cannot_be_written() {
    for lost in [full_disk, closed_pipe] {
        let folder = Folder::new();
        assert!(run(folder.path(), &[], &["migrate"]).status.success());
        let server = Server::launch_with_log(folder.path(), lost());
        let mut answer = String::new();
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", server.port)).is_ok() {
                answer = server.get("/api/nowhere");
                break;
            }
            let _ = Command::new("sleep").arg("0.05").status();
        }
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        let body = format!("email={ADA}&password=wrong");
        assert!(server.post("/api/sign-in/password", &body).starts_with("HTTP/1.1 401"));
    }
}

on_both!(only_commands_that_say_so_create_a_database);
async fn only_commands_that_say_so_create_a_database(engine: Engine) {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let database = Database::create(engine, folder.path()).await;
    let manual = elsewhere.path().join("manual").display().to_string();
    for command in all_commands().iter().filter(|it| !CREATE_DATABASE.contains(&it.as_str())) {
        let mut arguments = arguments(command);
        if command == "man" {
            arguments[1] = &manual;
        }
        let url = [("PORTCULLIS_DATABASE__URL", database.url.as_str())];
        let output = run(folder.path(), &url, &arguments);
        let said = err(&output) + &out(&output);
        if NEED_NO_DATABASE.contains(&command.as_str()) {
            assert!(output.status.success() || command == "breach build", "{command}: {said}");
        } else {
            assert!(said.contains("there is no Portcullis database "), "{command}: {said}");
            let code = if command == "doctor" { 3 } else { 1 };
            assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{command}");
        if database.url.starts_with("postgres") {
            let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
            let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'";
            let tables: i64 = sqlx::query_scalar(tables).fetch_one(&pool).await.unwrap();
            pool.close().await;
            assert_eq!(tables, 0, "{command}");
        }
    }
    // A restore without its backup creates no database either, nor does a command on an empty file.
    assert!(!run(folder.path(), &[], &["restore", "nowhere.backup"]).status.success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::write(folder.path().join("empty.sqlite"), "").unwrap();
    let url = [("PORTCULLIS_DATABASE__URL", "sqlite:empty.sqlite")];
    let refused = err(&run(folder.path(), &url, &["role", "list"]));
    assert!(refused.contains("there is no Portcullis database at"), "{refused}");
    assert_eq!(std::fs::metadata(folder.path().join("empty.sqlite")).unwrap().len(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn v5_0_0__5_3_2__no_command_writes_through_a_symbolic_link() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    prepare(folder.path());
    std::fs::create_dir(folder.path().join("manual")).unwrap();
    let key = folder.path().join("portcullis-data/key");
    let secret = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let mut victims = Vec::new();
    for place in [
        "list.filter",
        "list.filter.draft",
        "new.backup",
        "manual/portcullis.1",
        "manual/portcullis-user-create.1",
        "portcullis-data/key",
    ] {
        let victim = elsewhere.path().join(place.replace('/', "-"));
        std::fs::write(&victim, &secret).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&victim, mode).unwrap();
        symlink(&victim, folder.path().join(place)).unwrap();
        victims.push(victim);
    }
    symlink(elsewhere.path().join("nothing"), folder.path().join("second.backup")).unwrap();
    for (command, code) in [
        (&["breach", "build", "list"][..], 0),
        (&["man", "manual"], 0),
        (&["backup", "new.backup"], 1),
        (&["backup", "second.backup"], 1),
        (&["key", "rotate"], 0),
    ] {
        let done = run(folder.path(), &[], command);
        assert_eq!(done.status.code(), Some(code), "{command:?}: {}", err(&done));
    }
    for victim in victims {
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), secret, "{}", victim.display());
    }
    assert!(!elsewhere.path().join("nothing").exists());
    // The new files replaced the links, and no temporary file is left.
    for place in ["list.filter", "manual/portcullis.1", "portcullis-data/key"] {
        assert!(folder.path().join(place).symlink_metadata().unwrap().is_file(), "{place}");
    }
    for within in [".", "manual", "portcullis-data"] {
        for entry in std::fs::read_dir(folder.path().join(within)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with(".portcullis-"), "{within}/{name}");
        }
    }
}

#[test]
fn v5_0_0__5_3_2__a_lock_is_never_created_through_a_symbolic_link() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    prepare(folder.path());
    for (lock, command) in
        [("portcullis.migrating", "migrate"), ("portcullis.sqlite.serving", "serve")]
    {
        let lock = folder.path().join("portcullis-data").join(lock);
        let _ = std::fs::remove_file(&lock);
        symlink(elsewhere.path().join("nothing"), &lock).unwrap();
        let refused = run(folder.path(), &[], &[command]);
        let line = err(&refused);
        assert_eq!((refused.status.code(), line.lines().count()), (Some(1), 1), "{line}");
        assert!(line.contains("can't be created: it is a symbolic link"), "{line}");
        std::fs::remove_file(&lock).unwrap();
    }
    assert!(!elsewhere.path().join("nothing").exists());
}

#[test]
fn the_database_of_another_program_is_left_as_it_is() {
    crate::support::on_sqlite(|_| Box::pin(leaves_as_it_is()));
}

async fn leaves_as_it_is() {
    use sqlx::{ConnectOptions as _, Connection as _};
    for (n, made) in [
        &["CREATE TABLE users (id TEXT)", "CREATE TABLE notes (text TEXT)"][..],
        &["PRAGMA journal_mode = WAL", "CREATE TABLE notes (text TEXT)"],
        &["PRAGMA application_id = 7", "CREATE VIEW notes AS SELECT 1"],
        &[],
    ]
    .into_iter()
    .enumerate()
    {
        let folder = Folder::new();
        let file = folder.path().join("notes.sqlite");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
        let mut notes = options.create_if_missing(true).connect().await.unwrap();
        for statement in made {
            sqlx::query(*statement).execute(&mut notes).await.unwrap();
        }
        notes.close().await.unwrap();
        if made.is_empty() {
            std::fs::write(&file, "hello").unwrap();
        }
        // All commands run against the first database, and a few against the others.
        let few = ["serve", "migrate", "user list", "doctor", "backup"];
        let commands = all_commands().into_iter().filter(|it| n == 0 || few.contains(&it.as_str()));
        assert_untouched(&folder, &commands.collect::<Vec<_>>());
    }
}

fn assert_untouched(folder: &Folder, commands: &[String]) {
    let file = folder.path().join("notes.sqlite");
    let before = std::fs::read(&file).unwrap();
    let url = [("PORTCULLIS_DATABASE__URL", "sqlite:notes.sqlite")];
    for command in commands.iter().filter(|it| !NEED_NO_DATABASE.contains(&it.as_str())) {
        let output = run(folder.path(), &url, &arguments(command));
        let said = err(&output) + &out(&output);
        assert!(!output.status.success(), "{command}: {said}");
        if !CREATE_DATABASE.contains(&command.as_str()) {
            let what = "there is no Portcullis database at notes.sqlite, only another file";
            assert!(said.contains(what), "{command}: {said}");
            assert!(!folder.path().join("portcullis-data").exists(), "{command}");
        } else if command != "restore" {
            let what = "database.url: notes.sqlite is not a Portcullis database";
            assert!(said.contains(what), "{command}: {said}");
        }
        assert_eq!(std::fs::read(&file).unwrap(), before, "{command}");
        let _ = std::fs::remove_dir_all(folder.path().join("portcullis-data"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{command}");
    }
}

#[test]
fn a_database_that_cannot_be_written_is_reported_by_path() {
    let folder = Folder::new();
    prepare(folder.path());
    let url = [("PORTCULLIS_DATABASE__URL", "sqlite:portcullis-data/portcullis.sqlite?mode=ro")];
    for command in ["migrate", "serve", "role create"] {
        let refused = run(folder.path(), &url, &arguments(command));
        let line = err(&refused);
        assert_eq!((refused.status.code(), line.lines().count()), (Some(1), 1), "{line}");
        let what = "database.url: portcullis-data/portcullis.sqlite can't be written: ";
        assert!(line.contains(what), "{line}");
        assert_eq!(line.matches("attempt to write").count(), 1, "{line}");
    }
}

#[test]
fn quoted_text_is_one_line_without_terminal_escapes() {
    let folder = Folder::new();
    prepare(folder.path());
    let hostile = "x\u{1b}[31m\ny\u{202e}z";
    let section = format!("PORTCULLIS_SOCIAL__{hostile}__CLIENT_ID");
    for (settings, arguments) in [
        (&[][..], &["migrate", "--config", hostile][..]),
        (&[], &["backup", "no/where/x\u{1b}[31m\ny\u{202e}z"]),
        (&[], &["restore", hostile]),
        (&[], &["breach", "build", hostile]),
        (&[], &["user", "show", hostile]),
        (&[], &["man", "list/x\u{1b}[31m\ny\u{202e}z"]),
        (&[], &[hostile]),
        (&[(section.as_str(), "x")], &["config", "check"]),
    ] {
        let refused = run(folder.path(), settings, arguments);
        let line = err(&refused);
        assert!(!refused.status.success(), "{arguments:?}");
        assert_eq!(line.lines().count(), 1, "{arguments:?}: {line:?}");
        assert!(!line.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {line:?}");
    }
    // The same holds for the output of a command that succeeds.
    let manual = format!("{hostile}.d");
    for arguments in [&["backup", hostile][..], &["man", &manual]] {
        let done = run(folder.path(), &[], arguments);
        assert!(done.status.success(), "{arguments:?}: {}", err(&done));
        assert!(!out(&done).contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {}", out(&done));
        assert_eq!(out(&done).lines().count(), 1, "{arguments:?}: {}", out(&done));
    }
    for keys in ["\"x\\u001b[31m\\ny\" = 1", "[\"x\\u001b[31m\\ny\"]\nz = 1"] {
        std::fs::write(folder.path().join("portcullis.toml"), keys).unwrap();
        let line = err(&run(folder.path(), &[], &["config", "check"]));
        assert!(line.lines().count() == 1 && !line.contains('\u{1b}'), "{line:?}");
    }
}

#[test]
fn v5_0_0__13_3_2__move_refuses_a_database_password_as_an_argument() {
    let folder = Folder::new();
    prepare(folder.path());
    for to in [
        "postgres://ada:hunter2@db.example/x",
        "postgres://ada@db.example/x?password=hunter2",
        "postgres://ada@db.example/x?Password=hunter2",
        "postgres:ada:hunter2@db.example/x",
        "postgres://db.example/x?host=ada:hunter2@db.example",
        "sqlite://ada:hunter2@db.example/x",
        "postgresql://:hunter2@db.example/x",
        "mysql://ada:hunter2@db.example/x",
    ] {
        let refused = run(folder.path(), &[], &["move", "--to", to]);
        let line = err(&refused);
        assert_eq!((refused.status.code(), line.lines().count()), (Some(2), 1), "{line}");
        assert!(line.contains("--to") && !line.contains("hunter2"), "{line}");
    }
    for arguments in [
        &["move", "--to-stdin=postgres://ada:hunter2@db.example/x"][..],
        &["move", "postgres://ada:hunter2@db.example/x"],
        &["user", "list", "--to=postgres://ada:hunter2@db.example/x"],
    ] {
        let refused = run(folder.path(), &[], arguments);
        let line = err(&refused);
        assert_eq!((refused.status.code(), line.lines().count()), (Some(2), 1), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
    // Standard input may contain the password, which is not shown either.
    for (to, code, word) in [
        ("sqlite:moved.sqlite\n", 0, ""),
        ("postgres://ada:hunter2@127.0.0.1:9/x\r\n", 1, "127.0.0.1:9"),
        ("mysql://ada:hunter2@127.0.0.1/x", 1, "sqlite: or postgres:"),
    ] {
        let settings = [("PORTCULLIS_DATABASE__BUSY_TIMEOUT", "1s")];
        let mut child = portcullis(folder.path(), &settings)
            .args(["move", "--to-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(to.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let line = err(&output);
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert!(line.contains(word) && !line.contains("hunter2"), "{line}");
    }
    assert!(folder.path().join("moved.sqlite").exists());
}
