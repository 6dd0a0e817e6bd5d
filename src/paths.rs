//! Paths of our own pages: reading their queries, and passing one path in another's query.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use leptos_router::location::{Location, Url};

/// The page on which a sign-in waits for a second factor.
pub const SECOND_FACTOR_PAGE: &str = "/sign-in/second-factor";

/// The page that creates recovery codes.
pub const SECURITY_PAGE: &str = "/dashboard/security";
/// The same page after a recovery: it asks the user to remove what isn't theirs.
pub const REVIEW_PAGE: &str = "/dashboard/security?review=yes";
pub const RECOVERY_CODES_PAGE: &str = "/dashboard/recovery-codes";

/// The page that asks for what a provider did not say about a new user.
pub const FINISH_PAGE: &str = "/finish-sign-up";

/// The page for users who must verify their email address first.
pub const VERIFY_PAGE: &str = "/verify-address";

/// The pages that users may see before their email address is verified.
pub const UNVERIFIED_PAGES: [&str; 2] = [VERIFY_PAGE, "/reauthenticate"];

/// Loads another document.
pub fn load_document(address: &str) {
    // Fails only for an invalid URL; there is nowhere to go then.
    let _ = window().location().set_href(address);
}

/// Returns a function that reads the current page's path and query.
pub fn use_path_and_query() -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let Location { pathname, search, .. } = use_location();
    move || match search.get_untracked().as_str() {
        "" => pathname.get_untracked(),
        search => format!("{}?{search}", pathname.get_untracked()),
    }
}

/// The query of the current page. The router's own map decodes values that are decoded already
/// (`leptos_router` 0.8, `params.rs`).
#[derive(Clone, Copy, Debug)]
pub struct Query(Memo<String>);

#[must_use]
pub fn use_query() -> Query {
    Query(use_location().search)
}

impl Query {
    /// Returns the value of this name, or an empty string. Tracks the URL.
    #[must_use]
    pub fn get(&self, name: &str) -> String {
        self.0.with(|it| value_in(it, name))
    }

    /// Returns the same value without tracking.
    #[must_use]
    pub fn get_untracked(&self, name: &str) -> String {
        self.0.with_untracked(|it| value_in(it, name))
    }
}

/// Returns the first value of a name, decoded once (WHATWG URL, section 5.1).
fn value_in(search: &str, name: &str) -> String {
    let mut pairs = search.split('&').filter_map(|it| it.split_once('='));
    let value = pairs.find(|(it, _)| *it == name).map(|(_, value)| value.replace('+', " "));
    Url::unescape(&value.unwrap_or_default())
}

/// Returns the path to sign in before coming back to `path`.
#[must_use]
pub fn sign_in_path(path: &str) -> String {
    format!("/sign-in?next={}", escape_query_value(path))
}

/// Returns the path to sign up with a password, for the ticket with this id, which may be empty.
#[must_use]
pub fn sign_up_path(ticket: &str) -> String {
    match ticket {
        "" => "/sign-up".to_owned(),
        ticket => format!("/sign-up?ticket={}", escape_query_value(ticket)),
    }
}

/// Returns the path to sign up with a passkey, for the ticket with this id, which may be empty.
#[must_use]
pub fn passkey_sign_up_path(ticket: &str) -> String {
    match ticket {
        "" => "/sign-up?with=passkey".to_owned(),
        ticket => format!("/sign-up?with=passkey&ticket={}", escape_query_value(ticket)),
    }
}

/// Returns the path to sign in by mail before going on to `next`, which may be empty.
#[must_use]
pub fn mailed_sign_in_path(next: &str) -> String {
    match next {
        "" => "/sign-in-by-mail".to_owned(),
        next => format!("/sign-in-by-mail?next={}", escape_query_value(next)),
    }
}

/// Returns the path to confirm the user's identity before coming back to `path`.
#[must_use]
pub fn reauthentication_path(path: &str) -> String {
    format!("/reauthenticate?next={}", escape_query_value(path))
}

/// Escapes the characters that can't stay as they are in a query's value.
fn escape_query_value(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_query_is_decoded_once() {
        let search = "q=a%2526b+c%2Bd&next=/x&next=/y&q=no&flag&m=m%C3%BCller";
        for (name, expected) in
            [("q", "a%26b c+d"), ("next", "/x"), ("flag", ""), ("none", ""), ("m", "müller")]
        {
            assert_eq!(value_in(search, name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_path_round_trips_as_a_query_parameter(path in "/[!-~]{0,60}|/\\PC{0,20}") {
            for address in [sign_in_path(&path), mailed_sign_in_path(&path), reauthentication_path(&path)] {
                let (_, search) = address.split_once('?').unwrap();
                prop_assert_eq!(value_in(search, "next"), path.clone());
                let by_server = url::form_urlencoded::parse(search.as_bytes()).next().unwrap();
                prop_assert_eq!(by_server.1, path.clone());
            }
        }
    }
}
