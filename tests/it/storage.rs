//! One SQL text for two engines: checks that the compiler can't make.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::server::{Clock, Config, Db, config::RawConfig};
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use crate::support::app::{Database, Folder, columns};
use crate::support::{ADA, Engine, TestApp};
use crate::tidy::sources;

/// Returns every constant in the sources that contains a query, with its file and name.
fn queries() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in sources("src") {
        let text =
            text.replace("\npub(super) const ", "\nconst ").replace("\npub const ", "\nconst ");
        for part in text.split("\nconst ").skip(1) {
            let Some((name, rest)) = part.split_once(": &str = \"") else { continue };
            let sql = rest.split("\";").next().unwrap().trim();
            let verb = sql.split_whitespace().next().unwrap_or_default();
            if matches!(verb, "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "WITH") {
                found.push((format!("{path} {name}"), sql.to_owned()));
            }
        }
    }
    found
}

on_both!(the_engine_accepts_every_query);
async fn the_engine_accepts_every_query(app: TestApp) {
    let queries = queries();
    assert!(queries.len() >= 25, "{}: are they still found?", queries.len());
    for (name, sql) in queries {
        let sql = AssertSqlSafe(sql).into_sql_str();
        let prepared = match &app.app.db {
            Db::Sqlite(pool) => pool.prepare(sql).await.map(drop),
            Db::Postgres(pool) => pool.prepare(sql).await.map(drop),
        };
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
    let wrong = AssertSqlSafe("SELECT nothing FROM users".to_owned()).into_sql_str();
    let refused = match &app.app.db {
        Db::Sqlite(pool) => pool.prepare(wrong).await.is_err(),
        Db::Postgres(pool) => pool.prepare(wrong).await.is_err(),
    };
    assert!(refused, "a wrong one is noticed");
}

/// Outside of the query layer only constants become SQL. The compiler requires a `&'static str`, and this
/// test rejects ways to turn typed text into one.
#[test]
fn only_constants_become_sql() {
    for (path, text) in sources("src") {
        let is_layer = path.ends_with("src/server/db.rs") || path.contains("src/server/db/");
        let asserted = text.matches("AssertSqlSafe(").count();
        assert_eq!(asserted, usize::from(path.ends_with("db/query.rs")), "{path}");
        // A server's lock on its database uses a connection of its own.
        let is_lock = path.ends_with("server/database_lock.rs");
        for way in ["sqlx::query", "sqlx::raw_sql", "QueryBuilder"] {
            assert!(is_layer || is_lock || !text.contains(way), "{path}: {way}");
        }
        let leaks = text.contains("leak(") && !path.ends_with("server/assets.rs");
        assert!(!leaks, "{path}: makes text live for ever");
        let rows = [".execute", ".fetch_one", ".fetch_optional", ".fetch_all"];
        let scalars = [".scalar", ".scalar_optional", ".scalar_all"];
        for call in rows.into_iter().chain(scalars).filter(|_| !is_layer) {
            for (at, _) in text.match_indices(call) {
                let rest = &text[at + call.len()..];
                let rest = if rest.starts_with("::<") { rest.split_once(">(") } else { None }
                    .map_or_else(|| rest.strip_prefix('('), |it| Some(it.1));
                let Some(rest) = rest else { continue };
                let argument: String =
                    rest.trim_start().chars().take_while(|it| !matches!(it, ')' | ',')).collect();
                let is_constant = argument.chars().all(|it| it.is_ascii_uppercase() || it == '_');
                let is_no_sql = argument == "&app.db" || path.ends_with("provider_http.rs");
                let is_locks = is_lock && argument.starts_with("&mut *");
                assert!(is_constant || is_no_sql || is_locks, "{path}: {call}({argument}");
            }
        }
    }
}

fn config(database: &Database, folder: &Folder) -> Config {
    let mut raw = RawConfig::default();
    let text = format!(
        "[site]\ndata = {:?}\n[database]\nurl = {:?}\n[password]\nmemory_kib = 8\nhashers = 1\n",
        folder.path().display().to_string(),
        database.url
    );
    raw.add_file("test.toml", &text).unwrap();
    Config::from_raw(&raw).unwrap()
}

on_both!(apps_that_start_together_on_an_empty_database_migrate_it_once);
async fn apps_that_start_together_on_an_empty_database_migrate_it_once(engine: Engine) {
    let folder = Folder::new();
    let database = Database::create(engine, folder.path()).await;
    let starts: Vec<_> = (0..4)
        .map(|_| {
            tokio::spawn(portcullis::site::start_with_clock(
                config(&database, &folder),
                Clock::System,
            ))
        })
        .collect();
    let mut apps = Vec::new();
    for start in starts {
        apps.push(start.await.unwrap().unwrap());
    }
    let applied = "SELECT COUNT(*) FROM _sqlx_migrations";
    let count: i64 = apps[0].db.scalar(applied, portcullis::args![]).await.unwrap();
    assert_eq!(usize::try_from(count).unwrap(), std::fs::read_dir("migrations").unwrap().count());
    // They also share one key: each opens text sealed by another.
    let sealed = apps[0].seal.seal("test", b"text").unwrap();
    for app in &apps {
        assert_eq!(app.seal.open("test", &sealed).as_deref(), Some(&b"text"[..]));
    }
}

on_both!(stored_data_survives_a_restart);
async fn stored_data_survives_a_restart(app: TestApp) {
    let browser = app.signed_in_browser(ADA).await;
    let before = app.comparable_rows().await;
    app.app.db.close().await;
    let again = app.reopen("").await;
    assert!(browser.with_app(&again).is_signed_in().await);
    assert!(!before.is_empty());
}

on_both!(a_transaction_that_is_not_committed_leaves_nothing);
async fn a_transaction_that_is_not_committed_leaves_nothing(app: TestApp) {
    let mut tx = app.app.db.begin().await.unwrap();
    let made = portcullis::user::server::insert(&mut tx, None, "Ada", 1).await.unwrap();
    assert!(made.is_some());
    drop(tx);
    assert_eq!(app.count_users().await, 0);
    app.browser().sign_up(ADA).await;
    assert_eq!(app.count_users().await, 1);
}

on_both!(deleting_a_user_deletes_everything_that_belongs_to_them);
async fn deleting_a_user_deletes_everything_that_belongs_to_them(app: TestApp) {
    app.signed_in_browser(ADA).await;
    for sql in [
        "INSERT INTO passwords (user_id, hash, changed_at) VALUES ('nobody', 'x', 1)",
        "INSERT INTO users (id, email, display_name, created_at, updated_at) \
         VALUES ('x', 'x@example.com', '', 1, 1)",
    ] {
        let refused = app.app.db.execute(sql, portcullis::args![]).await.is_err();
        assert!(refused, "{sql}");
    }
    app.run("DELETE FROM users").await;
    assert_eq!(app.comparable_rows().await, [""; 0]);
}

on_both!(sqlite_is_configured_for_durability);
async fn sqlite_is_configured_for_durability(app: TestApp) {
    let Db::Sqlite(pool) = &app.app.db else { return };
    let pragma = async |sql: &'static str| {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&**pool).await.unwrap()
    };
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&**pool).await.unwrap();
    assert_eq!(mode, "wal");
    assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
    assert_eq!(pragma("PRAGMA synchronous").await, 2, "full");
    assert_eq!(pragma("PRAGMA busy_timeout").await, 5000);
}

type Schema = (BTreeMap<String, Vec<(String, String, bool)>>, BTreeSet<String>, BTreeSet<String>);

/// Returns the tables with their columns, the indexes and the foreign keys, in words that both engines share.
async fn schema(db: &Db) -> Schema {
    let (cells, indexes, keys): (&'static str, &'static str, &'static str) = match db {
        Db::Sqlite(_) => (
            "SELECT m.name, c.name, lower(c.type), CASE WHEN c.\"notnull\" = 1 THEN 'not null' ELSE 'null' END
             FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, c.cid",
            "SELECT m.name || CASE WHEN i.\"unique\" = 1 THEN ' unique ' ELSE ' ' END
                 || (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
             FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'",
            "SELECT m.name || '.' || f.\"from\" || ' ' || f.\"table\" || ' ' || lower(f.on_delete)
             FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
        ),
        Db::Postgres(_) => (
            "SELECT table_name::text, column_name::text, data_type::text,
                 CASE WHEN is_nullable = 'NO' THEN 'not null' ELSE 'null' END
             FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, ordinal_position",
            "SELECT t.relname || CASE WHEN i.indisunique THEN ' unique ' ELSE ' ' END
                 || (SELECT string_agg(a.attname, ',' ORDER BY k.n)
                     FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, n)
                     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum)
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
             JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public'",
            "SELECT t.relname || '.' || a.attname || ' ' || r.relname || ' '
                 || CASE c.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' ELSE 'no action' END
             FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'",
        ),
    };
    let rows: Vec<(String, String, String, String)> =
        db.fetch_all(cells, portcullis::args![]).await.unwrap();
    let mut tables: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (table, column, kind, nullable) in rows.into_iter().filter(|it| is_ours(&it.0)) {
        tables.entry(table).or_default().push((column, kind, nullable == "null"));
    }
    let set = async |sql: &'static str| -> BTreeSet<String> {
        let rows: Vec<String> = db.scalar_all(sql, portcullis::args![]).await.unwrap();
        rows.into_iter().filter(|it| is_ours(it)).collect()
    };
    (tables, set(indexes).await, set(keys).await)
}

fn is_ours(table: &str) -> bool {
    !table.starts_with("sqlite_") && !table.starts_with("_sqlx")
}

#[tokio::test]
async fn both_engines_have_the_same_schema() {
    let Some(engine) = Engine::postgres("both_engines_have_the_same_schema") else { return };
    let postgres = TestApp::start(engine).await;
    let sqlite = TestApp::start(Engine::Sqlite).await;
    let (theirs, ours) = (schema(&postgres.app.db).await, schema(&sqlite.app.db).await);
    assert_eq!(ours.0, theirs.0);
    assert_eq!(ours.1, theirs.1, "indexes");
    assert_eq!(ours.2, theirs.2, "foreign keys");
    assert!(ours.0.len() >= 5 && ours.1.len() >= 9 && ours.2.len() >= 3, "{ours:?}");
    assert_eq!(columns(&postgres.app.db).await, columns(&sqlite.app.db).await);
}

#[test]
fn migrations_are_consecutive_and_portable() {
    let mut numbers = Vec::new();
    for file in std::fs::read_dir("migrations").unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (number, rest) = name.split_once('_').unwrap();
        let what = rest.strip_suffix(".sql").unwrap();
        assert!(number.len() == 4 && !what.contains('.'), "{name}: forward only");
        numbers.push(number.parse::<usize>().unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        for word in
            ["BLOB", "BYTEA", "INTEGER", "SERIAL", "AUTOINCREMENT", "JSONB", "TIMESTAMP", "VARCHAR"]
        {
            assert!(!text.to_uppercase().contains(&format!(" {word}")), "{word} in {name}");
        }
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
}
