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
            "Few recovery codes are left. Create new ones before you need them.".to_owned()
        }
    }
}

// Authenticator apps.
pub const APPS: &str = "Authenticator apps";
pub const NO_APPS: &str = "You have none. Signing in needs only your first factor.";
pub const HAS_APPS: &str = "Signing in also needs a code that one of these apps shows.";
pub const ADD_APP: &str = "Add an authenticator app";

// Recovery codes.
pub const CODES: &str = "Recovery codes";
pub const NO_CODES: &str =
    "You have none. They let you sign in if you lose your authenticator app.";
pub const CODES_NEED_FACTOR: &str = "You can create them when you have an authenticator app.";
pub const CREATE_CODES: &str = "Create recovery codes";
pub const RENEW_CODES: &str = "Create new recovery codes";

pub fn codes_left(left: i64) -> String {
    match left {
        0 => "You have used all of them.".to_owned(),
        1 => "1 code is left.".to_owned(),
        n => format!("{n} codes are left."),
    }
}
