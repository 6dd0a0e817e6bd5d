//! What the page shows, and what it searches by.

use serde::{Deserialize, Serialize};

use super::super::people::ListNote;

/// Where the file is asked for, by a form's post.
pub const EXPORT_PATH: &str = "/api/admin/audit/export";

/// What an address of the page asks for, as it stands there; the export's form sends the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogQuery {
    /// Whose account it was: an address or an id.
    pub user: String,
    /// Who acted on somebody else's: an address, an id, or `command-line`.
    pub actor: String,
    pub kind: String,
    /// Days, the second not included.
    pub from: String,
    pub until: String,
    /// The event before which the page begins.
    pub before: String,
}

/// Somebody in the log: their id, and what they are called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Somebody {
    /// None where they are nobody with a page: the command line, or an account that is gone.
    pub id: Option<String>,
    pub name: String,
}

/// An event. `at` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRow {
    pub at: i64,
    pub what: String,
    pub about: String,
    pub is_warning: bool,
    pub user: Option<Somebody>,
    /// Where it was not the user.
    pub actor: Option<Somebody>,
    /// Empty where it came from nobody's browser.
    pub browser: String,
    pub address: String,
}

/// A page of events, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogList {
    pub rows: Vec<LogRow>,
    pub query: LogQuery,
    pub notes: Vec<ListNote>,
    /// All kinds, by their word and what it says.
    pub kinds: Vec<(String, String)>,
    pub first: Option<String>,
    pub next: Option<String>,
    /// Up to where the chain is sealed, and how many events wait.
    pub sealed: i64,
    pub unsealed: i64,
    pub now: i64,
}
