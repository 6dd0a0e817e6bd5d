//! The texts that the server words for the page.

use super::suggestion::Suggestion;
use crate::text::utc;

// The suggestion.
pub const SUGGESTION: &str = "Make your account safer";

pub fn suggestion(it: Suggestion, has_passkeys: bool) -> String {
    let factor = if has_passkeys { "a passkey" } else { "an authenticator app" };
    match it {
        Suggestion::AddRequiredFactor { due_at } => format!(
            "This site requires a second factor. Add {factor} by {}; after that, you can't sign in without one.",
            utc(due_at)
        ),
        Suggestion::AddFactor => {
            format!("Add {factor}. Then a stolen password alone doesn't open your account.")
        }
        Suggestion::AddSparePasskey => {
            "Add a second passkey. If you lose your only one, you can't sign in.".to_owned()
        }
        Suggestion::CreateRecoveryCodes => {
            "Create recovery codes. Without them, you can't sign in if you lose your second factor."
                .to_owned()
        }
        Suggestion::RenewRecoveryCodes => {
            "You have few unused recovery codes. Create new ones before you need them.".to_owned()
        }
    }
}

// Passkeys.
pub const PASSKEYS: &str = "Passkeys";
pub const NO_PASSKEYS: &str = "No passkeys. With one, you sign in with your fingerprint, face or PIN, and a stolen \
    password is not enough.";
pub const HAS_PASSKEYS: &str = "Use one of these to sign in or as your second factor.";
pub const ADD_PASSKEY: &str = "Add a passkey";

// Authenticator apps.
pub const APPS: &str = "Authenticator apps";
pub const NO_APPS: &str =
    "No authenticator apps. Add one, so that a stolen password is not enough to sign in.";
pub const HAS_APPS: &str =
    "You need a second factor to sign in, such as a code from one of these apps.";
pub const HAS_APPS_BESIDE_PASSKEYS: &str = "Unless you sign in with a passkey, you also need a second factor, such as a code from one of these apps.";
pub const APPS_NOT_ACCEPTED: &str = "This site no longer accepts codes from these apps.";
pub const ADD_APP: &str = "Add an authenticator app";

// Recovery codes.
pub const CODES: &str = "Recovery codes";
pub const NO_CODES: &str = "No recovery codes. Each one replaces a lost second factor once.";
pub const CODES_NEED_FACTOR: &str = "Add a second factor first.";
pub const CREATE_CODES: &str = "Create recovery codes";
pub const RENEW_CODES: &str = "Create new recovery codes";

pub fn unused_codes(unused: i64) -> String {
    match unused {
        0 => "No unused codes. Create new ones.".to_owned(),
        1 => "1 unused code.".to_owned(),
        n => format!("{n} unused codes."),
    }
}

// Trusted browsers.
pub const TRUSTED: &str = "Trusted browsers";
pub const MANAGE_TRUSTED: &str = "Manage trusted browsers";

/// `period` is a length of time in words.
pub fn trusted_browsers(browsers: i64, period: &str) -> String {
    match browsers {
        0 => format!(
            "No trusted browsers. If you trust a browser when you sign in, it needs no second factor for {period}."
        ),
        1 => "1 trusted browser. In it, signing in needs no second factor.".to_owned(),
        n => format!("{n} trusted browsers. In them, signing in needs no second factor."),
    }
}
