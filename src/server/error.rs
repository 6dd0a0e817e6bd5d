//! Faults: errors on our side, logged in full and hidden from visitors.

use std::net::SocketAddr;

use crate::error::{AppError, ServerProblem};
use crate::problem::Problem;

use super::config::ConfigError;
use super::files::FileError;

/// Any error of a domain function.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a fault: a refusal that the visitor is told about.
    #[error("refused: {0}")]
    Refused(#[from] AppError),
    #[error("database error")]
    Database(#[from] sqlx::Error),
    #[error("{location} can't be used")]
    Storage { location: String, source: sqlx::Error },
    #[error("the database can't be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("session error")]
    Session(#[from] tower_sessions::session::Error),
    #[error("the password could not be hashed")]
    Hash(#[from] argon2::password_hash::Error),
    #[error("the hasher stopped")]
    HasherStopped,
    #[error("encryption failed")]
    Seal,
    #[error("the system provides no random numbers")]
    Random(#[from] getrandom::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    // The only file system error here: it says which operation failed on which path.
    #[error(transparent)]
    File(#[from] FileError),
    #[error("site.listen: {address} can't be served")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("threads can't be started")]
    Threads(#[source] std::io::Error),
    #[error("a task was aborted")]
    Task(#[from] tokio::task::JoinError),
    #[error("the CSV could not be written")]
    Csv(#[from] csv::Error),
    #[error("the HTTP client could not be built")]
    HttpClient(#[from] reqwest::Error),
    #[error("the mail could not be written")]
    Mail(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the mail could not be composed")]
    Message(#[from] lettre::error::Error),
    #[error("the recipient's email address is invalid")]
    Recipient(#[from] lettre::address::AddressError),
    #[error("the mail server failed at {step}")]
    Smtp { step: &'static str, source: lettre::transport::smtp::Error },
    #[error("the mail server can't be reached")]
    SmtpUnreachable(#[source] std::io::Error),
    #[error("the mail server replied {code} at {step}, not {expected}")]
    SmtpReply { step: &'static str, code: u16, expected: u16 },
    #[error("the mail server timed out at {step}, after {seconds} seconds")]
    SmtpTimeout { step: &'static str, seconds: u64 },
    /// A retry can't help.
    #[error("the mail server rejected the mail permanently at {step}")]
    MailRefused { step: &'static str, source: lettre::transport::smtp::Error },
    #[error("the passkey library failed")]
    Passkey(#[from] webauthn_rs::prelude::WebauthnError),
    #[error("JSON error")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// Returns whether the database is unavailable for now, rather than queried wrongly.
    fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) => is_database_outage(error),
            Self::Storage { .. } => true,
            Self::Session(tower_sessions::session::Error::Store(error)) => {
                matches!(error, tower_sessions::session_store::Error::Backend(text) if text.starts_with(OUTAGE))
            }
            _ => false,
        }
    }

    /// Returns the error and all its causes on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        match self {
            Self::File(error) => error.chain(),
            error => chain(error),
        }
    }
}

/// Returns an error and all its causes on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let why = cause.to_string();
        // Some errors include their cause.
        if !text.ends_with(&why) {
            text.push_str(": ");
            text.push_str(&why);
        }
        source = cause.source();
    }
    text
}

/// Marks a session error as an outage, since the session store's own error type holds only text.
const OUTAGE: &str = "unavailable: ";

/// Converts a database error to the session store's error.
#[must_use]
pub fn session_store_error(error: &Error) -> tower_sessions::session_store::Error {
    let mark = if error.is_outage() { OUTAGE } else { "" };
    tower_sessions::session_store::Error::Backend(format!("{mark}{}", error.chain()))
}

/// Returns whether a database is unavailable for now as a whole, rather than queried wrongly.
pub fn is_database_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // PostgreSQL: connection failures (08), full (53), shutting down (57P). SQLite, primary codes in the
        // low byte: busy 5, locked 6, read-only 8, I/O 10, full 13, can't open 14.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // PostgreSQL: also a transaction that was rolled back in favour of another (40).
            code.starts_with("08")
                || code.starts_with("40")
                || code.starts_with("53")
                || code.starts_with("57P")
                // PostgreSQL's lock_timeout has passed, like SQLite's busy (5).
                || code == "55P03"
                || (error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some()
                    && code
                        .parse::<u32>()
                        .is_ok_and(|it| matches!(it & 0xff, 5 | 6 | 8 | 10 | 13 | 14)))
        }),
        _ => false,
    }
}

/// Returns whether SQLite may only read its file.
#[must_use]
pub fn is_read_only(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(8)
}

/// Returns whether the file that SQLite opened is not a database.
#[must_use]
pub fn is_not_a_database(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(26)
}

/// Returns SQLite's primary code, in the low byte.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let code = sqlx::error::DatabaseError::code(error)?.parse::<u32>().ok()?;
    Some(code & 0xff)
}

impl<P: Problem + Into<AppError>> From<P> for Error {
    fn from(problem: P) -> Self {
        Self::Refused(problem.into())
    }
}

impl From<Error> for AppError {
    /// Passes a refusal on. Logs a fault once and reveals only that there was one.
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal,
            fault if fault.is_outage() => {
                tracing::error!(error = fault.chain(), "the database is unavailable");
                Self::Server(ServerProblem::Unavailable)
            }
            fault => {
                tracing::error!(error = fault.chain(), "internal error");
                Self::Server(ServerProblem::Internal)
            }
        }
    }
}
