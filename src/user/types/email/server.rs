//! What an address may be made of, as the server decides.

use std::borrow::Cow;

use super::EmailProblem;
use crate::text::{ascii_host, is_blank};

/// The address alone, where it was copied as a link, out of a mail's head or out of a sentence.
pub fn unwrapped(text: &str) -> &str {
    let is_around = |it: char| is_blank(it) || "<>()[]\",;.“”„‘’«»".contains(it);
    let bare = text.trim_matches(is_around);
    match bare.split_once(':') {
        // What is escaped in it would be another mailbox.
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") && !rest.contains('%') => {
            rest.split('?').next().unwrap_or_default().trim_matches(is_around)
        }
        _ => bare,
    }
}

/// The host in its ASCII form, where both parts are right.
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
    // That would be an address of something else.
    local.len() <= 64 && !local.starts_with('/') && local.split('.').all(is_atom)
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    // An IP address is no domain.
    let is_number =
        host.rsplit('.').next().is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit()));
    host.contains('.') && host.split('.').all(is_label) && !is_number
}
