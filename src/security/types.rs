//! The data of the page.

use serde::{Deserialize, Serialize};

use crate::authenticator_app::AuthenticatorAppView;
use crate::passkey::PasskeyView;

/// The one change that would make an account safer next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suggestion {
    /// The site requires a second factor by this time, in Unix seconds.
    AddRequiredFactor {
        due_at: i64,
    },
    AddFactor,
    CreateRecoveryCodes,
    /// Few or none are left.
    RenewRecoveryCodes,
}

/// The data of the security page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityView {
    pub email: Option<String>,
    pub has_password: bool,
    /// `None` if the site has no passkeys.
    pub passkeys: Option<Vec<PasskeyView>>,
    pub apps: Vec<AuthenticatorAppView>,
    /// How many recovery codes are unused; `None` if none were created.
    pub unused_codes: Option<i64>,
    pub suggestion: Option<Suggestion>,
    pub now: i64,
}
