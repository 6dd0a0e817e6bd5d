//! Data and query of the page.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The page's query parameters, unparsed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserQuery {
    /// Words from email addresses and names.
    pub q: String,
    pub state: String,
    /// A role's id.
    pub role: String,
    pub sort: String,
    /// The user after whom the page begins.
    pub after: String,
}

/// A note about a part of the query that could not be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListNote {
    UnknownFilter,
    UnknownSort,
    UnknownPosition,
    Truncated,
}

impl fmt::Display for ListNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownFilter => "An unknown filter was ignored.",
            Self::UnknownSort => "An unknown sort order was ignored. Newest users first.",
            Self::UnknownPosition => "An unknown page was ignored. This is the first page.",
            Self::Truncated => {
                "More than 1,000 users match; some are not listed. Add a word to narrow the search."
            }
        })
    }
}

/// A user's state at a glance. Times are Unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStatus {
    pub is_verified: bool,
    pub is_disabled: bool,
    pub disabled_until: Option<i64>,
    /// When the account will be deleted.
    pub deletes_at: Option<i64>,
}

/// A user in the list. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: String,
    pub email: Option<String>,
    pub name: String,
    pub status: UserStatus,
    pub roles: Vec<String>,
    pub seen_at: Option<i64>,
    pub created_at: i64,
}

/// A page of users.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserList {
    pub users: Vec<UserRow>,
    pub query: UserQuery,
    pub notes: Vec<ListNote>,
    /// All roles, as pairs of id and name.
    pub roles: Vec<(String, String)>,
    /// The paths of the first page, unless this is it, and of the next page, if there is one.
    pub first: Option<String>,
    pub next: Option<String>,
    /// The paths of the same list in other orders.
    pub by_email: String,
    pub by_created: String,
    pub now: i64,
}
