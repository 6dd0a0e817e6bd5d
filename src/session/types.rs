//! Sessions as pages show them.

use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::proof::Method;

/// One of the viewer's sessions, as the page shows it. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Identifies the session in forms; reveals nothing about its cookie.
    pub id: String,
    /// The names of the browser and its system; `None` if not recognized. Flat, because `session list` prints
    /// them in its JSON.
    pub browser: Option<String>,
    pub system: Option<String>,
    pub address: String,
    pub created_at: i64,
    pub seen_at: i64,
    /// How the user confirmed their identity; empty in a session that is older than this field.
    pub methods: Vec<Method>,
    pub is_this_browser: bool,
}

impl SessionView {
    #[must_use]
    pub fn device(&self) -> Device {
        Device { browser: self.browser.clone(), system: self.system.clone() }
    }

    /// Returns the beginning of a sentence that a time completes, such as `Signed in with password, GitHub`.
    #[must_use]
    pub fn signed_in_with(&self) -> String {
        super::text::signed_in_with(&self.methods)
    }
}

/// A browser in which the viewer's sign-in needs no second factor. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedBrowserView {
    pub id: String,
    pub device: Device,
    pub address: String,
    pub created_at: i64,
    pub expires_at: i64,
}

/// The viewer's sessions, and the server's time when they were read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionList {
    pub sessions: Vec<SessionView>,
    pub trusted: Vec<TrustedBrowserView>,
    pub now: i64,
}
