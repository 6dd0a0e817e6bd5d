//! What the page shows.

use serde::{Deserialize, Serialize};

use super::super::log::LogRow;
use super::super::people::Standing;
use crate::linked_account::LinkedAccountView;
use crate::role::Permissions;
use crate::session::SessionView;

/// A role as it concerns a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChoice {
    pub id: String,
    pub name: String,
    pub is_held: bool,
    /// Whether the viewer may give it, or take it away where it is held.
    pub may_change: bool,
}

/// A user's whole story. Times are Unix seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Person {
    pub id: String,
    pub email: Option<String>,
    pub name: String,
    pub standing: Standing,
    pub disabled_reason: String,
    pub created_at: i64,
    pub verified_at: Option<i64>,
    /// Of the user as they are shown; what is done to them says it.
    pub revision: i64,
    /// None where the user has no password.
    pub password_changed_at: Option<i64>,
    /// Whether wrong passwords have locked it.
    pub is_password_locked: bool,
    pub linked: Vec<LinkedAccountView>,
    pub sessions: Vec<SessionView>,
    /// Those that are held, and those that the viewer may give to this user.
    pub roles: Vec<RoleChoice>,
    /// The newest 20.
    pub events: Vec<LogRow>,
    /// What the viewer may do to this user: nothing where they may do more than the viewer.
    pub can: Permissions,
    /// Whether the viewer may use the site as this user.
    pub can_be_used: bool,
    /// Whether there is no other administrator: this one can't be disabled or deleted, or lose that role.
    pub is_only_administrator: bool,
    pub now: i64,
}
