//! The row ids that forms send and the outcomes that they get, as they cross the wire.

use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::notice::Notice;

/// The response of a form's server function on success. Its tag distinguishes it from other JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "done")]
pub struct Done {
    /// The message for the visitor.
    pub notice: Option<Notice>,
    /// The next path of this site, or a provider's URL. If `None`, the browser stays on the page.
    pub go: Option<String>,
}

impl Done {
    #[must_use]
    pub fn here(notice: Notice) -> Self {
        Self { notice: Some(notice), go: None }
    }

    #[must_use]
    pub fn go(to: impl Into<String>) -> Self {
        Self { notice: None, go: Some(to.into()) }
    }

    #[must_use]
    pub fn with(self, notice: Notice) -> Self {
        Self { notice: Some(notice), ..self }
    }
}

/// The key of a row as a form or URL sends it: at most 128 printable ASCII characters. Malformed
/// keys become the empty key, which matches no row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct RowId(String);

impl RowId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for RowId {
    fn from(text: String) -> Self {
        let is_plain = |b: u8| (b' '..=b'~').contains(&b);
        Self(if text.len() <= 128 && text.bytes().all(is_plain) { text } else { String::new() })
    }
}

/// The outcome of a post with scripts off, on its way to the page that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// The path of the server function; empty if no form of a page sent the request.
    pub endpoint: String,
    pub outcome: Result<Option<Notice>, AppError>,
    /// The typed text by field name, never a password. A list, because a map would cost every
    /// visitor kilobytes.
    #[serde(default)]
    pub typed: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_id_is_unchanged_or_empty(text in "[ -~]{0,140}|\\PC{0,70}") {
            let id = RowId::from(text.clone());
            prop_assert!(id.as_str().is_empty() || id.as_str() == text);
            prop_assert!(id.as_str().len() <= 128 && id.as_str().bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(RowId::from(id.as_str().to_owned()), id);
        }

        #[test]
        fn a_uuid_row_id_is_unchanged(text in "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{12}") {
            let id = RowId::from(text.clone());
            prop_assert_eq!(id.as_str(), text);
        }
    }
}
