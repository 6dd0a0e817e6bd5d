//! A value that must not appear in logs, errors or debug output.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Text that prints as `Secret` and is wiped when dropped.
///
/// It serialises as itself because forms must send it; nothing else may serialise it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the text itself. Review every call with care.
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
