//! Data of the overview.

use serde::{Deserialize, Serialize};

/// The overview of the viewer's account. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub name: String,
    pub email: Option<String>,
    pub signed_in_at: i64,
    /// None if there is no password.
    pub password_changed_at: Option<i64>,
    pub linked_accounts: i64,
    pub sessions: i64,
    pub now: i64,
}
