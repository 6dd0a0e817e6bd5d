//! Data of the page.

use serde::{Deserialize, Serialize};

/// A usable invitation. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    pub id: String,
    pub email: String,
    /// The name of the role that it gives.
    pub role: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
}

/// The usable invitations, and the roles that the viewer may give with one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvitationList {
    pub invitations: Vec<InvitationView>,
    /// Pairs of id and name.
    pub roles: Vec<(String, String)>,
    pub now: i64,
}
