//! Linked accounts as pages show them.

use serde::{Deserialize, Serialize};

/// A linked account, as pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedAccountView {
    pub id: String,
    /// The provider's label, or its name if it is no longer configured.
    pub label: String,
    /// The provider's mark, as on its button.
    pub mark: String,
    /// The email address or name at the provider.
    pub account: String,
    /// In Unix seconds.
    pub created_at: i64,
}
