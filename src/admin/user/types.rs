//! Data of the page.

use serde::{Deserialize, Serialize};

use super::super::log::LogRow;
use super::super::users::UserStatus;
use crate::linked_account::LinkedAccountView;
use crate::role::Permissions;
use crate::session::SessionView;

/// A role, and how it concerns a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChoice {
    pub id: String,
    pub name: String,
    pub is_held: bool,
    /// Whether the viewer may give the role, or remove it if it is held.
    pub may_change: bool,
}

/// A second factor of a user. The time is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFactor {
    pub id: String,
    pub name: String,
    pub is_passkey: bool,
    pub created_at: i64,
}

/// All that the page shows about a user. Times are Unix seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserView {
    pub id: String,
    pub email: Option<String>,
    pub name: String,
    pub status: UserStatus,
    pub disabled_reason: String,
    pub created_at: i64,
    pub verified_at: Option<i64>,
    /// The user's revision as shown; every action sends it back.
    pub revision: i64,
    /// None if the user has no password.
    pub password_changed_at: Option<i64>,
    /// Whether wrong passwords or codes delay or lock sign-ins.
    pub is_delayed_or_locked: bool,
    pub linked: Vec<LinkedAccountView>,
    pub factors: Vec<UserFactor>,
    /// How many recovery codes are unused; `None` if none were created.
    pub unused_codes: Option<i64>,
    pub sessions: Vec<SessionView>,
    /// Roles that the user holds, and those that the viewer may give.
    pub roles: Vec<RoleChoice>,
    /// The 20 newest.
    pub events: Vec<LogRow>,
    /// What the viewer may do to this user; nothing if the user outranks the viewer.
    pub can: Permissions,
    /// Whether the viewer may impersonate this user.
    pub can_be_impersonated: bool,
    /// Whether this is the only administrator, who can't be disabled or deleted, or lose that role.
    pub is_only_administrator: bool,
    pub now: i64,
}
