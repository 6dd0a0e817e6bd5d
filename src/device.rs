//! A browser on a system.

use std::fmt;

use serde::{Deserialize, Serialize};

const UNKNOWN_BROWSER: &str = "Unknown browser";
const UNKNOWN_SYSTEM: &str = "Unknown system";

/// The common names of a browser and its system; `None` if not recognized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub browser: Option<String>,
    pub system: Option<String>,
}

impl Device {
    #[must_use]
    pub fn browser(&self) -> &str {
        self.browser.as_deref().unwrap_or(UNKNOWN_BROWSER)
    }

    #[must_use]
    pub fn system(&self) -> &str {
        self.system.as_deref().unwrap_or(UNKNOWN_SYSTEM)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.browser(), self.system())
    }
}
