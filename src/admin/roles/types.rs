//! Data of the pages.

use serde::{Deserialize, Serialize};

/// A role as its pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleView {
    /// Empty for a new role.
    pub id: String,
    pub name: String,
    pub about: String,
    pub revision: i64,
    pub users: i64,
    /// Portcullis' own permissions: the word, whether the role has it.
    pub own: Vec<(String, bool)>,
    /// The apps' permissions.
    pub apps: Vec<String>,
    /// Whether the viewer may change the role.
    pub is_changeable: bool,
}
