//! What forms send and are answered, as it crosses the wire.

use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::notice::Notice;

/// What a form's server function answers when it did its work. Its tag tells it from other JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename = "done")]
pub struct Done {
    /// What to tell the visitor.
    pub notice: Option<Notice>,
    /// Where to go next: a path of this site, or a provider's address. Stays where it is if none.
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

/// The key of a row as a form or an address sends it: at most 128 printable ASCII characters. Malformed
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
    /// Path of the server function; empty where no form of a page asked.
    pub endpoint: String,
    pub outcome: Result<Option<Notice>, AppError>,
    /// What was typed, by field name; a list, since a map would cost every visitor kilobytes. Never a
    /// password.
    #[serde(default)]
    pub typed: Vec<(String, String)>,
}
