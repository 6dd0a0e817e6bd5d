//! Parses database URLs. Refuses a URL that could be read in an unintended way, or be shown
//! with a password in it.

use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use url::{Url, form_urlencoded};

/// The parameters that PostgreSQL's driver reads. It would log any other parameter, whose value may be a
/// password under a misspelt name.
const POSTGRES_PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// The allowed parameters. Others choose where SQLite stores what it writes, such as in memory.
const SQLITE_PARAMETERS: [&str; 3] = ["cache", "immutable", "mode"];

/// A database, as its URL names it.
#[derive(Debug)]
pub enum DatabaseUrl {
    /// With the file that SQLite opens; `None` for a database in memory.
    Sqlite(Box<SqliteConnectOptions>, Option<PathBuf>),
    Postgres(Box<PgConnectOptions>),
}

impl DatabaseUrl {
    /// Parses a URL; returns `None` if it is refused.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        match url.strip_prefix("sqlite:") {
            Some(rest) => sqlite(url, rest),
            None if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                postgres(url)
            }
            None => None,
        }
    }
}

fn sqlite(url: &str, rest: &str) -> Option<DatabaseUrl> {
    let options: SqliteConnectOptions = url.parse().ok()?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut is_memory = path == ":memory:" || path == "//:memory:";
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !SQLITE_PARAMETERS.contains(&&*name) {
            return None;
        }
        is_memory |= name == "mode" && value == "memory";
    }
    if is_memory {
        return Some(DatabaseUrl::Sqlite(Box::new(options), None));
    }
    // A user and a password, as in other databases' URLs.
    let authority = path.strip_prefix("//").and_then(|it| it.split('/').next());
    if authority.is_some_and(|it| it.contains('@')) {
        return None;
    }
    let name = options.get_filename().to_str()?;
    let file = match name.strip_prefix("file:") {
        None => name,
        // A URI may contain more than a path (sqlite.org/uri.html).
        Some(uri) if uri.contains(['?', '#', '%']) => return None,
        Some(uri) => {
            uri.strip_prefix("//localhost").or_else(|| uri.strip_prefix("//")).unwrap_or(uri)
        }
    };
    // Both name a database that is lost when the process ends.
    if file.is_empty() || file == ":memory:" {
        return None;
    }
    let file = PathBuf::from(file);
    Some(DatabaseUrl::Sqlite(Box::new(options), Some(file)))
}

fn postgres(url: &str) -> Option<DatabaseUrl> {
    let options: PgConnectOptions = url.parse().ok()?;
    let is_known = |name: &str| POSTGRES_PARAMETERS.contains(&name) || name.starts_with("options[");
    let parsed = Url::parse(url).ok()?;
    // Errors show the host, so it must not contain a password.
    let is_plain = parsed.query_pairs().all(|(name, _)| is_known(&name))
        && !options.get_host().contains(['@', ' '])
        && !options.get_host().contains(char::is_control);
    is_plain.then(|| DatabaseUrl::Postgres(Box::new(options)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the file, or `in memory`.
    fn file(url: &str) -> Option<String> {
        match DatabaseUrl::parse(url)? {
            DatabaseUrl::Sqlite(_, file) => {
                Some(file.map_or("in memory".to_owned(), |it| it.display().to_string()))
            }
            DatabaseUrl::Postgres(_) => panic!("{url}"),
        }
    }

    #[test]
    fn a_database_url_names_the_file_that_sqlite_opens() {
        for (url, expected) in [
            ("sqlite:a.sqlite", "a.sqlite"),
            ("sqlite:/data/a.sqlite?mode=ro", "/data/a.sqlite"),
            ("sqlite:///data/a@1/b.sqlite", "/data/a@1/b.sqlite"),
            ("sqlite:file:/data/a.sqlite", "/data/a.sqlite"),
            ("sqlite:file:///data/a.sqlite?mode=rw", "/data/a.sqlite"),
            ("sqlite:file://localhost/data/a.sqlite", "/data/a.sqlite"),
            ("sqlite:/data/a%23b.sqlite", "/data/a#b.sqlite"),
        ] {
            assert_eq!(file(url), Some(expected.to_owned()), "{url}");
        }
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite:x?mode=memory"] {
            assert_eq!(file(url), Some("in memory".to_owned()), "{url}");
        }
    }

    #[test]
    fn a_malformed_or_ambiguous_database_url_is_refused() {
        for url in [
            "",
            "sqlite:",
            "sqlite://",
            "sqlite:file:",
            "sqlite:file::memory:",
            "sqlite:%3Amemory%3A",
            "sqlite:file:x%3Fmode=memory",
            "sqlite:file:x%3Fvfs=memdb",
            "sqlite:x?vfs=memdb",
            "sqlite:x?mode=rw&password=x",
            "sqlite://ada:hunter2@db.example/x",
            "postgres:ada:hunter2@db.example/x",
            "postgres://db.example/x?Password=hunter2",
            "postgres://db.example/x?host=ada:hunter2@db.example",
            "mysql://db.example/x",
        ] {
            assert!(DatabaseUrl::parse(url).is_none(), "{url}");
        }
        for url in ["postgres://db.example/x", "postgresql:///x?host=/run/postgresql&user=ada"] {
            assert!(matches!(DatabaseUrl::parse(url), Some(DatabaseUrl::Postgres(_))), "{url}");
        }
    }
}
