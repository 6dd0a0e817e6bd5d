//! The texts of the security page.

use super::Suggestion;
use crate::text::utc;

pub const TITLE: &str = "Security";

// The suggestion.
pub const SUGGESTION: &str = "Make your account safer";

pub fn suggestion(it: Suggestion) -> String {
    match it {
        Suggestion::AddRequiredFactor { due_at } => format!(
            "This site requires a second factor. Add an authenticator app by {}; after that, you \
             can't sign in without one.",
            utc(due_at)
        ),
        Suggestion::AddFactor => "Add an authenticator app. Then a stolen password alone doesn't \
            open your account."
            .to_owned(),
        Suggestion::CreateRecoveryCodes => {
            "Create recovery codes. Without them, you can't sign in \
            if you lose your authenticator app."
                .to_owned()
        }
        Suggestion::RenewRecoveryCodes => {
            "You have few unused recovery codes. Create new ones before you need them.".to_owned()
        }
    }
}

// Authenticator apps.
pub const APPS: &str = "Authenticator apps";
pub const NO_APPS: &str =
    "No authenticator apps. Add one, so that a stolen password is not enough to sign in.";
pub const HAS_APPS: &str = "To sign in, you also need a code from one of these apps.";
pub const ADD_APP: &str = "Add an authenticator app";

// Recovery codes.
pub const CODES: &str = "Recovery codes";
pub const NO_CODES: &str = "No recovery codes. Each one replaces a lost authenticator app once.";
pub const CODES_NEED_FACTOR: &str = "Add an authenticator app first.";
pub const CREATE_CODES: &str = "Create recovery codes";
pub const RENEW_CODES: &str = "Create new recovery codes";

pub fn unused_codes(unused: i64) -> String {
    match unused {
        0 => "No unused codes. Create new ones.".to_owned(),
        1 => "1 unused code.".to_owned(),
        n => format!("{n} unused codes."),
    }
}
