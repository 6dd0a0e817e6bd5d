//! The texts of the sessions page, the sign-out button and the impersonation banner.

use crate::proof::{Method, listed};

pub const SIGN_OUT: &str = "Sign out";

// The impersonation banner: IMPERSONATING, the user, `impersonation_terms`.
pub const IMPERSONATION: &str = "Impersonation";
pub const IMPERSONATING: &str = "You are impersonating";
pub const END_IMPERSONATION: &str = "End impersonation";

pub fn impersonation_terms(until: &str) -> String {
    format!(
        "until {until} at the latest. Changes to the account are refused, and your actions are \
         recorded under your own name."
    )
}

// The sessions page.
pub const TITLE: &str = "Sessions";
pub const LEAD: &str = "Browsers that are signed in to your account.";
pub const NO_OTHERS: &str = "No other browser is signed in to your account.";
pub const THIS_BROWSER: &str = "This browser";
pub const END: &str = "End session";
pub const END_OTHERS: &str = "End all other sessions";
pub const ALSO_END_OTHERS: &str = "Also end all other sessions";
pub const END_OTHERS_CONFIRMATION: &str =
    "All browsers except this one will be signed out immediately.";
pub const ENDING: &str = "Ending…";

pub fn end_confirmation(device: &str) -> String {
    format!("{device} will be signed out immediately.")
}

// A session's times: `signed_in_with`, a time, LAST_SEEN, a time.
pub const LAST_SEEN: &str = ", last seen";

pub fn signed_in_with(methods: &[Method]) -> String {
    match methods {
        [] => "Signed in".to_owned(),
        methods => format!("Signed in with {}", listed(methods)),
    }
}

// The trusted browsers. TRUSTED_AT, a time, `trusted_until`.
pub const TRUSTED: &str = "Trusted browsers";
pub const TRUSTED_LEAD: &str = "In these browsers, signing in needs no second factor. A change of your \
    password or second factors ends the trust.";
pub const TRUSTED_AT: &str = "Trusted";
pub const REVOKE: &str = "Stop trusting";
pub const REVOKE_ALL: &str = "Stop trusting all browsers";
pub const REVOKE_ALL_CONFIRMATION: &str =
    "The next sign-in in each of these browsers needs the second factor again.";
pub const REVOKING: &str = "Saving…";

pub fn trusted_until(until: &str) -> String {
    format!(", until {until}")
}
