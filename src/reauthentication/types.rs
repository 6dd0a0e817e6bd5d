//! What the page shows.

use serde::{Deserialize, Serialize};

/// What the viewer can prove it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofView {
    pub email: Option<String>,
    pub has_password: bool,
    /// The configured providers that an account is linked of, by name.
    pub providers: Vec<String>,
}
