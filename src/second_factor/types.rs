//! The data of the page.

use serde::{Deserialize, Serialize};

use crate::authenticator_app::AppSetUp;

/// What the page asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondFactorStep {
    /// A code of an authenticator app, or a recovery code if the user has any.
    Prove { has_recovery_codes: bool },
    /// A new authenticator app.
    SetUp(AppSetUp),
}

/// A sign-in that waits for a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorView {
    /// The id of the attempt; every form sends it back, so that it can't act on another tab's.
    pub attempt: String,
    pub email: Option<String>,
    pub step: SecondFactorStep,
}
