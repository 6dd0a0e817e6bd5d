//! The data of the page.

use serde::{Deserialize, Serialize};

/// The methods by which the user can confirm their identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReauthenticationOptions {
    pub email: Option<String>,
    /// Whether only the second factor counts, because the user has one.
    pub needs_second_factor: bool,
    pub has_recovery_codes: bool,
    pub has_password: bool,
    /// The names of the configured providers with a linked account.
    pub providers: Vec<String>,
}
