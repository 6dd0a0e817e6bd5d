//! A value that must never be seen: not in a log, not in an error, not in a debugger's dump of a
//! form.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Text that prints as `Secret` and is wiped when dropped.
///
/// It serialises as itself, since a form must be able to send it; nothing else may.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself. Each call is a place to read twice.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::from("hunter2 hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
