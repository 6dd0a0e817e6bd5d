//! The slips that the browser sees. What an address may be made of is the server's to decide.

use std::borrow::Cow;

use super::EmailProblem;

pub use crate::text::trim_pasted as unwrapped;

/// The host as it is, where both parts look right.
pub fn check<'h>(local: &str, host: &'h str) -> Result<Cow<'h, str>, EmailProblem> {
    if local.is_empty() || !host.contains('.') {
        return Err(EmailProblem::Malformed);
    }
    Ok(host.into())
}
