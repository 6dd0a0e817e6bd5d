//! Data and query of the page.

use serde::{Deserialize, Serialize};

use super::super::users::ListNote;
use crate::device::Device;

/// The path that the export form posts to.
pub const EXPORT_PATH: &str = "/api/admin/audit/export";

/// The page's query parameters, unparsed. The export form sends the same fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// The user whose account an event concerns, by email or id.
    pub user: String,
    /// The actor on another user's account: an email, an id or `command-line`.
    pub actor: String,
    pub kind: String,
    /// Days; `until` is exclusive.
    pub from: String,
    pub until: String,
    /// The position before which the page begins.
    pub before: String,
}

/// A user in the log, by id and display name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogParty {
    pub id: String,
    pub name: String,
}

/// The actor on another user's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogActor {
    CommandLine,
    User(LogParty),
}

/// An event. `at` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRow {
    pub at: i64,
    /// The word of an [`EventKind`](crate::audit::EventKind), or of a kind from another version.
    pub kind: String,
    pub about: String,
    pub is_warning: bool,
    pub user: Option<LogParty>,
    /// The actor, if it was not the user.
    pub actor: Option<LogActor>,
    /// `None` if no browser was involved.
    pub device: Option<Device>,
    pub address: String,
}

/// A page of events, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogList {
    pub rows: Vec<LogRow>,
    pub query: LogQuery,
    pub notes: Vec<ListNote>,
    pub first: Option<String>,
    pub next: Option<String>,
    /// How far the chain is sealed, and how many events are not sealed yet.
    pub sealed: i64,
    pub unsealed: i64,
    pub now: i64,
}
