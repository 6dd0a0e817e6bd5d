//! The data of the page.

use serde::{Deserialize, Serialize};

use crate::passkey::PasskeyStorage;

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

/// A card of the page: what a user has of one kind, or what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    pub title: String,
    /// The state in words, and what could be done about it.
    pub state: String,
    pub keys: Vec<KeyView>,
    /// Where that is done.
    pub link: Option<SectionLink>,
}

/// The link of a [`Section`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionLink {
    pub path: String,
    pub label: String,
}

/// The data of the security page. The server words it, so that the browser half needs none of its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityView {
    /// The one change that would make the account safer next.
    pub suggestion: Option<Section>,
    pub email: Option<String>,
    pub has_password: bool,
    pub sections: Vec<Section>,
    /// The server's time when it was read.
    pub now: i64,
}
