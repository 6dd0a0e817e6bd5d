//! What the page shows, and what it searches by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an address of the page asks for, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserQuery {
    /// Words of addresses and names.
    pub q: String,
    pub state: String,
    /// A role's id.
    pub role: String,
    pub sort: String,
    /// The user after whom the page begins.
    pub after: String,
}

/// A word about what an address asked for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListNote {
    UnknownFilter,
    UnknownSort,
    UnknownPlace,
    Cut,
}

impl fmt::Display for ListNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownFilter => "There is no such filter; it was left out.",
            Self::UnknownSort => "There is no such order; these are the newest first.",
            Self::UnknownPlace => "There is no such place in the list; this is its beginning.",
            Self::Cut => "These words find more than 1,000. Add another word to find the others.",
        })
    }
}

/// What there is to know of a user before they are looked at. Times are Unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub is_verified: bool,
    pub is_disabled: bool,
    pub disabled_until: Option<i64>,
    /// When the account goes.
    pub deletes_at: Option<i64>,
}

/// A user in the list. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: String,
    pub email: Option<String>,
    pub name: String,
    pub standing: Standing,
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
    /// All roles, by id and name.
    pub roles: Vec<(String, String)>,
    /// The addresses of the first page and of the next one, where this isn't it.
    pub first: Option<String>,
    pub next: Option<String>,
    /// The addresses of the same list in other orders.
    pub by_email: String,
    pub by_created: String,
    pub now: i64,
}
