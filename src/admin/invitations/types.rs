//! What the page shows.

use serde::{Deserialize, Serialize};

/// An invitation that can still be used. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    pub id: String,
    pub address: String,
    /// The name of the role that it brings.
    pub role: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
}

/// All of them, and the roles that the viewer may give with one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvitationList {
    pub invitations: Vec<InvitationView>,
    /// By id and name.
    pub roles: Vec<(String, String)>,
    pub now: i64,
}
