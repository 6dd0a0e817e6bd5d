//! The administration with 100,000 users and a million events, compared with the same pages with a thousand,
//! on both engines; and the time to check, back up and move that many.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use portcullis::admin::server::manage::{self, RoleChange};
use portcullis::args;
use portcullis::audit::EventKind;
use portcullis::audit::server::{chain, verify::verify};
use portcullis::backup;
use portcullis::role::ADMINISTRATOR;
use portcullis::role::server::Principal;
use portcullis::server::config::DatabaseConfig;
use portcullis::server::db::query::Query;
use portcullis::server::{App, Config, Db};
use tokio::runtime::Runtime;

use crate::folder::{config, free_address};
use crate::seed::Seed;
use crate::table::{Table, median};
use crate::{Result, client, hashing, step};

/// The number of users, and of events, of the small site.
const FEW: usize = 1000;

/// Requests per page, to each of both sites.
const REQUESTS: usize = 60;

/// Pages whose list may be slow.
const PAGES: [(&str, &str); 8] = [
    ("users", "/admin/users"),
    ("users by email", "/admin/users?sort=email"),
    ("disabled users", "/admin/users?state=disabled"),
    ("search for one user", "/admin/users?q=user000005"),
    ("search for what all have", "/admin/users?q=example"),
    ("audit log", "/admin/audit"),
    ("audit log of a kind", "/admin/audit?kind=signed_up"),
    ("audit log of a user", "/admin/audit?user=user000005@example.com"),
];

/// A site with a given number of users and events.
struct ScaledSite {
    app: Arc<App>,
    address: SocketAddr,
    cookie: String,
}

/// Measures on SQLite, and on PostgreSQL if there is one.
pub fn measure(folder: &Path, (users, events): (usize, usize), table: &mut Table) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    step("making few and many users and events");
    let few = seed(&runtime, &folder.join("few"), (FEW, FEW))?;
    let many = seed(&runtime, &folder.join("many"), (users, events))?;
    let first = open(&runtime, &few)?;
    let second = open(&runtime, &many)?;
    step("lists of many beside lists of few, SQLite");
    compare("SQLite", &first, &second, table)?;
    step("checking, backing up and moving many");
    measure_operations(&runtime, &second, folder, table)?;
    #[expect(clippy::disallowed_methods, reason = "as the tests are told")]
    let Ok(server) = std::env::var("PORTCULLIS_TEST_POSTGRES") else {
        table.note("PostgreSQL was not measured: there is none");
        return Ok(());
    };
    let names = [format!("few_{}", std::process::id()), format!("many_{}", std::process::id())];
    let mut places = Vec::new();
    for (name, source) in names.iter().zip([&first, &second]) {
        let url = runtime.block_on(create(&server, name))?;
        let database = DatabaseConfig { url: url.into(), ..source.app.config.database.clone() };
        let config = Config { database, ..source.app.config.clone() };
        let began = Instant::now();
        let rows = runtime.block_on(async {
            let target = Db::open(&config).await?;
            let copied = backup::copy(&source.app, &target, false, |_| ()).await?;
            target.close().await;
            Ok::<_, portcullis::server::Error>(copied.iter().map(|it| it.rows).sum::<u64>())
        })?;
        if name.starts_with("many") {
            add_figure(
                table,
                "moving many from SQLite to PostgreSQL, s",
                began.elapsed().as_secs_f64(),
            );
            table.note(&format!("{rows} rows, each compared"));
        }
        places.push(serve(&runtime, config)?);
    }
    step("lists of many beside lists of few, PostgreSQL");
    compare("PostgreSQL", &places[0], &places[1], table)?;
    let began = Instant::now();
    let back = config(&folder.join("back.sqlite"), free_address()?)?;
    runtime.block_on(async {
        let target = Db::open(&back).await?;
        backup::copy(&places[1].app, &target, false, |_| ()).await
    })?;
    add_figure(table, "moving many from PostgreSQL to SQLite, s", began.elapsed().as_secs_f64());
    check(&runtime, &places[1], "PostgreSQL", table)
}

/// Adds a figure without a target.
fn add_figure(table: &mut Table, figure: &str, value: f64) {
    table.at_least(figure, value, 0.0);
}

fn seed(runtime: &Runtime, folder: &Path, (users, events): (usize, usize)) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let database = folder.join("portcullis.sqlite");
    Seed::new(database.clone(), users).run()?;
    let config = config(&database, free_address()?)?;
    runtime.block_on(async {
        let app = Box::pin(portcullis::site::start(config)).await?;
        insert_events(&app, events).await?;
        let by = Principal::operator();
        let root = manage::find(&app, "user000000@example.com").await?;
        let give = [ADMINISTRATOR.to_owned()];
        let change = RoleChange { add: &give, remove: &[] };
        manage::change_roles(&app, &by, &root, None, &change).await?;
        chain::seal(&app).await?;
        app.db.close().await;
        Ok::<_, portcullis::server::Error>(())
    })?;
    Ok(database)
}

/// Inserts events of every kind and every user, over the last 30 days.
async fn insert_events(
    app: &App,
    events: usize,
) -> std::result::Result<(), portcullis::server::Error> {
    let ids: Vec<String> = app.db.scalar_all("SELECT id FROM users ORDER BY id", args![]).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    for begin in (0..events).step_by(500) {
        let mut query = Query::new(
            "INSERT INTO audit_events (id, at, user_id, kind, about, address, browser) VALUES ",
        );
        for n in begin..events.min(begin + 500) {
            query.sql(if n == begin { "(" } else { ", (" });
            let age = i64::try_from((events - n) * 30 * 86400 / events).unwrap_or(0);
            let kind = EventKind::ALL[n % EventKind::ALL.len()];
            query.bind(uuid::Uuid::now_v7().to_string()).sql(", ");
            query.bind(now - age).sql(", ");
            query.bind(&ids[n % ids.len()]).sql(", ");
            query.bind(kind.as_str()).sql(", ").bind("figures").sql(", ");
            query.bind("192.0.2.7").sql(", ").bind("Firefox/140.0 (Linux)").sql(")");
        }
        query.execute_in(&mut tx).await?;
    }
    tx.commit().await
}

fn open(runtime: &Runtime, database: &Path) -> Result<ScaledSite> {
    serve(runtime, config(database, free_address()?)?)
}

fn serve(runtime: &Runtime, config: Config) -> Result<ScaledSite> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let site = portcullis::server::config::SiteConfig {
        url: format!("http://{address}").parse()?,
        listen: address,
        ..config.site.clone()
    };
    let settings = config.clone();
    let app = runtime.block_on(Box::pin(portcullis::site::start(Config { site, ..config })))?;
    let router = portcullis::site::router(&app);
    runtime.spawn(async move {
        let server = portcullis::site::serve::server(listener, &settings)?;
        server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await
    });
    let users = Seed::new(PathBuf::new(), FEW);
    let cookie = hashing::sign_in(address, &users, 0)?;
    Ok(ScaledSite { app, address, cookie })
}

/// Requests each page from both sites in turn, one request at a time.
fn compare(engine: &str, few: &ScaledSite, many: &ScaledSite, table: &mut Table) -> Result<()> {
    for (what, path) in PAGES {
        let ask = |place: &ScaledSite| -> Result<f64> {
            let cookie = format!("Cookie: {}\r\n", place.cookie);
            let began = Instant::now();
            let response = client::get(place.address, path, &cookie)?;
            if response.status != 200 {
                return Err(format!("{path} has status {}", response.status).into());
            }
            Ok(began.elapsed().as_secs_f64() * 1e3)
        };
        let (mut few_times, mut many_times) = (Vec::new(), Vec::new());
        for n in 0..REQUESTS + 5 {
            let times = (ask(few)?, ask(many)?);
            // The first requests bring the rows into the cache.
            if n >= 5 {
                few_times.push(times.0);
                many_times.push(times.1);
            }
        }
        let (few, many) = (median(&few_times), median(&many_times));
        table.at_most(&format!("{what}, many over few, {engine}"), many / few, 1.5);
        table.note(&format!("{many:.2} ms over {few:.2} ms"));
    }
    Ok(())
}

fn measure_operations(
    runtime: &Runtime,
    many: &ScaledSite,
    folder: &Path,
    table: &mut Table,
) -> Result<()> {
    check(runtime, many, "SQLite", table)?;
    let path = folder.join("many.backup");
    let began = Instant::now();
    let copied = runtime.block_on(backup::write(&many.app, &path, |_| ()))?;
    add_figure(table, "backing many up, s", began.elapsed().as_secs_f64());
    let rows: u64 = copied.iter().map(|it| it.rows).sum();
    table.note(&format!("{rows} rows in {} MB", std::fs::metadata(&path)?.len() / 1_000_000));
    let config = config(&folder.join("restored").join("portcullis.sqlite"), free_address()?)?;
    let began = Instant::now();
    runtime.block_on(async {
        let app = Box::pin(portcullis::site::start(config)).await?;
        backup::read(&app, &path, false, |_| ()).await
    })?;
    add_figure(table, "restoring many, s", began.elapsed().as_secs_f64());
    Ok(())
}

fn check(runtime: &Runtime, place: &ScaledSite, engine: &str, table: &mut Table) -> Result<()> {
    let began = Instant::now();
    let verdict = runtime.block_on(verify(&place.app, None, |_, _| ()))?;
    if verdict.broken.is_some() {
        return Err(format!("the chain is broken: {verdict:?}").into());
    }
    let rate = verdict.checked as f64 / began.elapsed().as_secs_f64();
    add_figure(table, &format!("events checked a second, {engine}"), rate);
    table.note(&format!("{} events", verdict.checked));
    Ok(())
}

/// Creates a database with this name and returns its URL.
async fn create(server: &str, name: &str) -> Result<String> {
    use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
    let mut connection = sqlx::PgConnection::connect(server).await?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    let (host, _) = server.rsplit_once('/').ok_or("the address of PostgreSQL names no database")?;
    Ok(format!("{host}/{name}"))
}
