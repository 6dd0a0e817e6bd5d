//! Records are replaced only while no server runs on them, and no restored session, link or code works.

use portcullis::backup;
use portcullis::server::database_lock;

use crate::support::app::{Database, Folder};
use crate::support::process::{Server, err, portcullis};
use crate::support::{ADA, Engine, PASSWORD, Social, TestApp};

type Pairs<'a> = &'a [(&'a str, &'a str)];

const RUNNING: &str = "a server is using the database; stop all servers first";

on_both!(records_can_be_replaced_only_while_no_server_runs_on_them);
async fn records_can_be_replaced_only_while_no_server_runs_on_them(engine: Engine) {
    let folder = Folder::new();
    let database = Database::create(engine, folder.path()).await;
    let settings = [
        ("PORTCULLIS_DATABASE__URL", database.url.as_str()),
        ("PORTCULLIS_PASSWORD__MEMORY_KIB", "8"),
        ("PORTCULLIS_LOG__FILTER", "error,portcullis::site::serve=info"),
    ];
    let other = [("PORTCULLIS_DATABASE__URL", "sqlite:other.sqlite"), settings[1], settings[2]];
    let run = |settings: Pairs<'_>, arguments: &[&str]| {
        portcullis(folder.path(), settings).args(arguments).output().unwrap()
    };
    assert!(run(&settings, &["migrate"]).status.success());
    assert!(run(&settings, &["user", "create", ADA, "--admin"]).status.success());
    assert!(run(&settings, &["backup", "all.backup"]).status.success());
    assert!(run(&other, &["restore", "all.backup"]).status.success());

    let replacing: [(Pairs<'_>, &[&str]); 3] = [
        (&settings, &["restore", "all.backup", "--replace"]),
        (&other, &["move", "--to", database.url.as_str(), "--replace"]),
        (&settings, &["key", "rotate"]),
    ];
    let mut server = Server::start(folder.path(), &settings);
    for (settings, arguments) in replacing {
        let refused = run(settings, arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert_eq!(err(&refused), format!("portcullis: {RUNNING}\n"), "{arguments:?}");
    }
    assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"));
    // A second server may run beside the first.
    let twin = Server::start(folder.path(), &settings);
    server.kill();
    assert_eq!(err(&run(&settings, replacing[0].1)), format!("portcullis: {RUNNING}\n"));
    // The lock ends with the process, however the process ends.
    drop(twin);
    for (settings, arguments) in replacing {
        let done = run(settings, arguments);
        assert!(done.status.success(), "{arguments:?}: {}", err(&done));
    }
    Server::start(folder.path(), &settings);
}

on_both!(no_server_starts_while_records_are_replaced);
async fn no_server_starts_while_records_are_replaced(app: TestApp) {
    let mut tx = app.app.db.begin().await.unwrap();
    let alone = database_lock::lock_exclusive(&app.app.db, &mut tx).await.unwrap();
    let refused = database_lock::lock_shared(&app.app.db).await.unwrap_err().chain();
    assert!(
        refused.contains("a command has locked this database; start the server when"),
        "{refused}"
    );
    let mut second = if app.is_postgres() { Some(app.app.db.begin().await.unwrap()) } else { None };
    if let Some(second) = &mut second {
        assert!(database_lock::lock_exclusive(&app.app.db, second).await.is_err());
    }
    drop((second, tx, alone));
    // The lock is free as soon as the transaction is rolled back.
    for _ in 0..50 {
        if database_lock::lock_shared(&app.app.db).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the lock stays");
}

on_both!(v5_0_0__7_4_1__no_session_link_or_code_from_a_backup_works_after_a_restore);
async fn v5_0_0__7_4_1__no_session_link_or_code_from_a_backup_works_after_a_restore(site: Social) {
    let app = &site.app;
    let mut owner = app.signed_in_browser(ADA).await;
    let verification = app.mail().await.link();
    let mut stolen = owner.clone();
    let mut asker = app.browser();
    asker.call("/api/recovery/ask", &[("email", ADA)]).await;
    let recovery = app.mail().await.link();
    let mut mailed = app.browser();
    mailed.call("/api/sign-in/mail", &[("email", ADA)]).await;
    let mail = app.mail().await;
    let code = mail.text.split("Your sign-in code: ").nth(1).unwrap()[..6].to_owned();
    let mut waiting = app.browser();
    waiting.call("/api/recovery/ask", &[("email", ADA)]).await;
    let mut linking = owner.clone();
    let authorize = linking.start_linking("idp").await;
    let callback = site.idp.consent(&authorize, &crate::support::ProviderUser::named("ada"));

    // Queues mail.
    app.browser().sign_up("eve@example.com").await;

    let folder = Folder::new();
    let path = folder.path().join("all.backup");
    backup::write(&app.app, &path, |_| ()).await.unwrap();
    assert_eq!(owner.call("/api/sign-out", &[]).await.status, 200);
    assert!(!stolen.is_signed_in().await);
    assert_eq!(asker.clone().visit(&recovery).await.status, 200, "it would work");
    let entered = mailed.clone().call("/api/sign-in/code", &[("code", &code)]).await;
    assert_eq!(entered.status, 200);
    backup::read(&app.app, &path, true, |_| ()).await.unwrap();

    assert!(!stolen.is_signed_in().await, "a session that was ended stays so");
    for link in [&recovery, &verification, &mail.link()] {
        assert_eq!(asker.visit(link).await.status, 410, "{link}");
    }
    assert_eq!(mailed.call("/api/sign-in/code", &[("code", &code)]).await.status, 422);
    assert!(!mailed.is_signed_in().await);
    linking.visit(&callback).await;
    assert_eq!(site.count_linked_accounts().await, 0);
    assert!(app.mails().await.is_empty(), "nothing that was asked for before is done now");
    // A proof from before the restore starts no valid session, but a new proof does.
    assert_eq!(app.number("SELECT MIN(session_epoch) FROM users").await, 1);
    let mut again = app.browser();
    again.try_sign_in(ADA, PASSWORD).await;
    assert!(again.is_signed_in().await);
}

#[test]
fn a_running_server_is_detected_under_any_name_of_its_database_file() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let settings = |url: &str| [("PORTCULLIS_DATABASE__URL", url.to_owned())];
    let run = |url: &str, arguments: &[&str]| {
        let pairs = settings(url);
        let pairs: Vec<_> = pairs.iter().map(|it| (it.0, it.1.as_str())).collect();
        portcullis(folder.path(), &pairs).args(arguments).output().unwrap()
    };
    let plain = format!("sqlite:{}", path("p.sqlite"));
    assert!(run(&plain, &["migrate"]).status.success());
    assert!(run(&plain, &["backup", "all.backup"]).status.success());
    std::os::unix::fs::symlink(path("p.sqlite"), path("link.sqlite")).unwrap();
    let names = [
        plain.clone(),
        format!("sqlite:{}", path("link.sqlite")),
        format!("sqlite:file:{}", path("p.sqlite")),
        format!("sqlite://{}?mode=rw", path("p.sqlite")),
    ];
    for served in &names {
        let mut server = Server::start(folder.path(), &[("PORTCULLIS_DATABASE__URL", served)]);
        for url in &names {
            let refused = run(url, &["restore", "all.backup", "--replace"]);
            assert_eq!(err(&refused), format!("portcullis: {RUNNING}\n"), "{served} {url}");
        }
        server.kill();
    }
    // A server that uses a hard link to the file would hold a different lock.
    std::fs::hard_link(path("p.sqlite"), path("hard.sqlite")).unwrap();
    for url in [&plain, &format!("sqlite:{}", path("hard.sqlite"))] {
        let refused = run(url, &["restore", "all.backup", "--replace"]);
        assert!(err(&refused).contains("has other hard links"), "{url}: {}", err(&refused));
    }
    std::fs::remove_file(path("hard.sqlite")).unwrap();
    assert!(run(&names[1], &["restore", "all.backup", "--replace"]).status.success());
}
