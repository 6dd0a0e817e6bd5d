//! What the pages show.

use serde::{Deserialize, Serialize};

/// A role, as its pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleView {
    /// Empty for one that is to be made.
    pub id: String,
    pub name: String,
    pub about: String,
    pub revision: i64,
    pub users: i64,
    /// Those of Portcullis itself: the word, what it allows, whether the role has it.
    pub own: Vec<(String, String, bool)>,
    /// Those of the apps behind it.
    pub apps: Vec<String>,
    /// Whether the viewer may change it.
    pub is_changeable: bool,
}
