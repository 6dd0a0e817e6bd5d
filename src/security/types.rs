//! The data of the page.

use serde::{Deserialize, Serialize};

use crate::passkey::PasskeyStorage;

/// The one change that would make an account safer next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suggestion {
    /// The site requires a second factor by this time, in Unix seconds.
    AddRequiredFactor {
        due_at: i64,
    },
    AddFactor,
    /// The user would be locked out without the only passkey, because the site accepts no recovery codes.
    AddSparePasskey,
    CreateRecoveryCodes,
    /// Few or none are left.
    RenewRecoveryCodes,
}

/// A passkey or an authenticator app. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    pub id: String,
    pub name: String,
    pub created_at: i64,
    pub used_at: Option<i64>,
    /// `None` for an authenticator app.
    pub storage: Option<PasskeyStorage>,
    /// Whether it is disabled because it may have been copied.
    pub is_disabled: bool,
    /// Whether the browser created it by itself.
    pub is_automatic: bool,
}

/// The data of the security page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityView {
    pub email: Option<String>,
    pub has_password: bool,
    /// Whether the site accepts codes of apps and recovery codes.
    pub accepts_codes: bool,
    /// `None` if the site has no passkeys.
    pub passkeys: Option<Vec<KeyView>>,
    pub apps: Vec<KeyView>,
    /// How many recovery codes are unused; `None` if none were created.
    pub unused_codes: Option<i64>,
    pub suggestion: Option<Suggestion>,
    pub now: i64,
}
