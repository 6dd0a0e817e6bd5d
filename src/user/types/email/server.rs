//! The server's rules for valid email addresses.

use std::borrow::Cow;

use super::EmailProblem;
use crate::text::{ascii_host, is_blank};

/// Strips what surrounds an email address that was copied as a link, from a mail header or from a sentence.
pub fn strip_surroundings(text: &str) -> &str {
    let is_around = |it: char| is_blank(it) || "<>()[]\",;.“”„‘’«»".contains(it);
    let bare = text.trim_matches(is_around);
    match bare.split_once(':') {
        // A link with percent escapes stays as it is: decoded, it would name another mailbox.
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") && !rest.contains('%') => {
            rest.split('?').next().unwrap_or_default().trim_matches(is_around)
        }
        _ => bare,
    }
}

/// Returns the host in ASCII if both parts are valid.
pub fn check<'h>(local: &str, host: &'h str) -> Result<Cow<'h, str>, EmailProblem> {
    if !local.is_ascii() {
        return Err(EmailProblem::NotPlain);
    }
    let host = ascii_host(host).ok_or(EmailProblem::Malformed)?;
    if is_local_part(local) && is_host(&host) { Ok(host) } else { Err(EmailProblem::Malformed) }
}

fn is_local_part(local: &str) -> bool {
    let is_atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atext);
    // A leading slash comes from a URL such as `mailto://ada@example.com`.
    local.len() <= 64 && !local.starts_with('/') && local.split('.').all(is_atom)
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    // An IP address is not a domain.
    let is_number =
        host.rsplit('.').next().is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit()));
    host.contains('.') && host.split('.').all(is_label) && !is_number
}
