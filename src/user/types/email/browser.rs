//! Finds the typos that the browser can see. The server decides which email addresses are valid.

use std::borrow::Cow;

use super::EmailProblem;

pub use crate::text::trim_pasted as strip_surroundings;

/// Returns the host unchanged if both parts look right.
pub fn check<'h>(local: &str, host: &'h str) -> Result<Cow<'h, str>, EmailProblem> {
    if local.is_empty() || !host.contains('.') {
        return Err(EmailProblem::Malformed);
    }
    Ok(host.into())
}
