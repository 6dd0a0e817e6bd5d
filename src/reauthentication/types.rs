//! The data of the page.

use serde::{Deserialize, Serialize};

use crate::second_factor::FactorChoice;

/// The methods by which the user can confirm their identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReauthenticationOptions {
    pub email: Option<String>,
    /// If the user has a second factor, only it counts.
    pub second_factor: Option<FactorChoice>,
    pub has_password: bool,
    /// The names of the configured providers with a linked account.
    pub providers: Vec<String>,
}
