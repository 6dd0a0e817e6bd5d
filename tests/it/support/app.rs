//! An app for one test, with its own folder, database and clock.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use portcullis::args;
use portcullis::server::config::RawConfig;
use portcullis::server::db::SqliteDb;
use portcullis::server::{App, Client, Clock, Config, Context, Db, jobs};
use portcullis::site::router;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, SqlitePool};
use tower_cookies::Cookies;

use super::Browser;
use super::mailbox::{self, ReceivedMail};

/// The database engine of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    /// With the URL of a server's maintenance database.
    Postgres(String),
}

impl Engine {
    /// Returns the PostgreSQL server of this run. Without one the test fails, unless the run opts out.
    pub fn postgres(test: &str) -> Option<Self> {
        let variable = |name| std::env::var_os(name).map(|it: OsString| it.into_string().unwrap());
        if let Some(url) = variable("PORTCULLIS_TEST_POSTGRES") {
            return Some(Self::Postgres(url));
        }
        let may_skip = variable("PORTCULLIS_SKIP_POSTGRES").as_deref() == Some("1")
            && variable("CI").as_deref() != Some("true");
        assert!(
            may_skip,
            "PORTCULLIS_TEST_POSTGRES is not set: run `scripts/postgres run cargo test …`, \
             or leave PostgreSQL out with PORTCULLIS_SKIP_POSTGRES=1"
        );
        report_skipped(test);
        None
    }
}

#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn report_skipped(test: &str) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    eprintln!("NOT RUN on PostgreSQL ({count} so far): {test}");
}

/// Prepares the argument of a test function.
pub trait Start<T> {
    async fn prepare(self) -> T;
}

impl Start<Self> for Engine {
    async fn prepare(self) -> Self {
        self
    }
}

impl Start<TestApp> for Engine {
    async fn prepare(self) -> TestApp {
        TestApp::start(self).await
    }
}

/// A temporary folder, removed when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("portcullis-it-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A database that no other test uses.
#[derive(Debug)]
pub struct Database {
    pub engine: Engine,
    pub url: String,
}

impl Database {
    pub async fn create(engine: Engine, folder: &Path) -> Self {
        let url = match &engine {
            Engine::Sqlite => format!("sqlite:{}", folder.join("portcullis.sqlite").display()),
            Engine::Postgres(server) => {
                static COUNT: AtomicU32 = AtomicU32::new(0);
                let count = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("it_{}_{count}", std::process::id());
                execute_on_server(server, format!("CREATE DATABASE {name}")).await;
                let (host, _) = server.rsplit_once('/').unwrap();
                format!("{host}/{name}")
            }
        };
        Self { engine, url }
    }
}

/// Runs a statement in the server's maintenance database.
pub async fn execute_on_server(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
}

/// The real app on its own database, with a clock that stands still until a test moves it.
#[derive(Debug)]
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Clock,
    pub database: Database,
    pub router: Router,
    folder: Folder,
}

impl TestApp {
    pub async fn start(engine: Engine) -> Self {
        Self::with_settings(engine, "").await
    }

    /// Starts an app with these settings, written as in `portcullis.toml`.
    pub async fn with_settings(engine: Engine, settings: &str) -> Self {
        let folder = Folder::new();
        let database = Database::create(engine, folder.path()).await;
        let clock = Clock::fixed(Clock::System.now());
        let app = open(folder.path(), &database.url, settings, clock.clone()).await;
        Self { router: router(&app), app, clock, database, folder }
    }

    /// Starts an app on a database that an older version created and filled.
    pub async fn with_older_database(
        folder: Folder,
        database: Database,
        older: &Migrator,
        fill: impl FnOnce(&mut Vec<String>),
    ) -> Self {
        let mut statements = Vec::new();
        fill(&mut statements);
        let db = connect(&database).await;
        match &db {
            Db::Sqlite(pool) => older.run(&**pool).await,
            Db::Postgres(pool) => older.run(pool).await,
        }
        .unwrap();
        for sql in statements {
            db.execute(sql.leak(), args![]).await.unwrap();
        }
        db.close().await;
        let clock = Clock::fixed(Clock::System.now());
        let app = open(folder.path(), &database.url, "", clock.clone()).await;
        Self { router: router(&app), app, clock, database, folder }
    }

    /// Opens a second app with other settings on the same database and folder, as after a restart.
    pub async fn reopen(&self, settings: &str) -> Arc<App> {
        open(self.folder.path(), &self.database.url, settings, self.clock.clone()).await
    }

    /// Opens a second app on the same database, with its clock ahead by these seconds (behind if negative).
    pub async fn open_ahead(&self, seconds: i64, settings: &str) -> Arc<App> {
        let passed = self.clock.elapsed();
        let clock = Clock::fixed(self.clock.now() - passed);
        clock.advance(passed);
        clock.shift(seconds);
        self.open_with_clock(settings, clock).await
    }

    /// Opens a second app on the same database and folder, with its own clock.
    pub async fn open_with_clock(&self, settings: &str, clock: Clock) -> Arc<App> {
        open(self.folder.path(), &self.database.url, settings, clock).await
    }

    /// Returns a browser that has not visited the site yet.
    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone(), &self.app.config.site.origin())
    }

    /// Returns a request context without a session or cookies.
    pub fn context(&self) -> Context {
        let store = Arc::new(self.app.sessions.clone());
        let session = tower_sessions::Session::new(None, store, None);
        let cookies = Cookies::default();
        Context::new(Arc::clone(&self.app), session, Client::default(), cookies, String::new())
    }

    /// Runs the jobs, and returns the mails sent since the last call.
    pub async fn mails(&self) -> Vec<ReceivedMail> {
        run_jobs(&self.app).await.unwrap();
        mailbox::drain_folder(&self.folder.path().join("mails"))
    }

    /// Returns the only mail sent since the last call.
    pub async fn mail(&self) -> ReceivedMail {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:#?}");
        mails.remove(0)
    }

    /// Signs up and signs in with this email address in a new browser.
    pub async fn signed_in_browser(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_up(email).await;
        browser.sign_in(email).await;
        browser
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.database.engine, Engine::Postgres(_))
    }

    pub async fn run(&self, sql: &'static str) {
        self.app.db.execute(sql, args![]).await.map(drop).unwrap();
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        self.app.db.scalar(sql, args![]).await.unwrap()
    }

    pub async fn text(&self, sql: &'static str) -> String {
        self.app.db.scalar(sql, args![]).await.unwrap()
    }

    pub async fn count_users(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM users").await
    }

    pub async fn count_sessions(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM sessions").await
    }

    /// Returns the rows of [`Self::all_rows`] except those that only count attempts or record events, for
    /// comparing the state before and after.
    pub async fn comparable_rows(&self) -> Vec<String> {
        let ignored = [
            "limits: ",
            "password_failures: ",
            "audit_",
            "clock: ",
            // These rows always exist.
            "roles: administrator",
            "role_permissions: administrator",
        ];
        let mut rows = self.all_rows().await;
        rows.retain(|row| !ignored.iter().any(|it| row.starts_with(it)));
        rows
    }

    /// Returns every row of every table as text.
    pub async fn all_rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for (table, columns) in columns(&self.app.db).await {
            let cells: Vec<_> =
                columns.iter().map(|it| format!("COALESCE(CAST({it} AS TEXT), 'none')")).collect();
            let sql = format!("SELECT {} FROM {table} ORDER BY 1", cells.join(" || ' | ' || "));
            let found: Vec<String> = self.app.db.scalar_all(sql.leak(), args![]).await.unwrap();
            rows.extend(found.into_iter().map(|it| format!("{table}: {it}")));
        }
        rows
    }
}

/// Runs all pending work, without the pauses of the real jobs.
pub async fn run_jobs(app: &Arc<App>) -> Result<(), &'static str> {
    jobs::run_jobs(app).await.then_some(()).ok_or("a job failed")
}

/// Connects without creating a schema.
async fn connect(database: &Database) -> Db {
    match database.engine {
        Engine::Sqlite => {
            let url = format!("{}?mode=rwc", database.url);
            Db::Sqlite(SqliteDb::new(SqlitePool::connect(&url).await.unwrap()))
        }
        Engine::Postgres(_) => Db::Postgres(PgPool::connect(&database.url).await.unwrap()),
    }
}

async fn open(folder: &Path, url: &str, settings: &str, clock: Clock) -> Arc<App> {
    let mut raw = RawConfig::default();
    let own = format!(
        "[site]\ndata = {:?}\n[database]\nurl = {url:?}\nconnections = 4\n\
         [sign_in]\nby_mail = \"on\"\n[password]\nmemory_kib = 8\niterations = 1\nhashers = 1\n",
        folder.display().to_string(),
    );
    raw.add_file("test.toml", &own).unwrap();
    raw.add_file("settings of the test", settings).unwrap();
    portcullis::site::start_with_clock(Config::from_raw(&raw).unwrap(), clock).await.unwrap()
}

/// Returns the app's tables with their columns.
pub async fn columns(db: &Db) -> Vec<(String, Vec<String>)> {
    const SQLITE: &str = "
        SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '_sqlx%'
        ORDER BY m.name, c.cid";
    const POSTGRES: &str = "
        SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'
        ORDER BY table_name, ordinal_position";
    let rows: Vec<(String, String)> = match db {
        Db::Sqlite(pool) => sqlx::query_as(SQLITE).fetch_all(&**pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_as(POSTGRES).fetch_all(pool).await.unwrap(),
    };
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for (table, column) in rows {
        match tables.last_mut() {
            Some((name, columns)) if *name == table => columns.push(column),
            _ => tables.push((table, vec![column])),
        }
    }
    tables
}
