//! The texts of the security page.

use super::Suggestion;
use crate::passkey::PasskeyStorage;
use crate::text::utc;

pub const TITLE: &str = "Security";

// After a reset of the password.
pub const REVIEW: &str = "Check what else can sign in";
pub const REVIEW_LEAD: &str = "A new password doesn't affect passkeys, authenticator apps or linked accounts. Remove any that aren't yours.";
pub const LINKED_ACCOUNTS: &str = "Linked accounts";

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
pub const HAS_APPS: &str = "Unless you sign in with a passkey, you also need a second factor, such as a code from one of these apps.";
pub const APPS_NOT_ACCEPTED: &str = "This site no longer accepts codes from these apps.";
pub const ADD_APP: &str = "Add an authenticator app";

// The rows of both. A time completes ADDED and LAST_USED.
pub const ADDED: &str = "Added";
pub const LAST_USED: &str = ", last used";
pub const NEVER_USED: &str = ", not used yet";
pub const REMOVING: &str = "Removing…";
pub const REMOVE_PASSKEY: &str = "Remove passkey";
pub const REMOVE_APP: &str = "Remove app";

pub fn passkey_removal(name: &str) -> String {
    format!(
        "You can no longer sign in with “{name}”. If it is your last second factor, your recovery codes stop \
         working too."
    )
}

pub fn app_removal(name: &str) -> String {
    format!(
        "Codes from “{name}” stop working. If it is your last second factor, your recovery codes stop working too."
    )
}

// The rows of passkeys.
pub fn storage(it: PasskeyStorage) -> &'static str {
    match it {
        PasskeyStorage::Synced => "Synced between devices",
        PasskeyStorage::NotSynced => "Not synced yet",
        PasskeyStorage::DeviceBound => "On one device only",
    }
}

pub const AUTOMATIC: &str = "Created by your browser after you signed in with your password";
pub const DISABLED: &str = "Disabled";
pub const DISABLED_REASON: &str = "Its use counter went backwards, so someone may have copied it. Enable it only if \
    you know the cause; otherwise remove it.";
pub const ENABLE: &str = "Enable passkey";
pub const ENABLING: &str = "Enabling…";
pub const RENAME: &str = "Rename passkey";
pub const RENAME_LEAD: &str = "Choose a name that tells this passkey apart from your others.";
pub const NAME: &str = "Name";
pub const SAVE: &str = "Save name";
pub const SAVING: &str = "Saving…";

// Recovery codes.
pub const CODES: &str = "Recovery codes";
pub const NO_CODES: &str = "No recovery codes. Each one replaces a lost second factor once.";
pub const CODES_NEED_FACTOR: &str = "Add a passkey or an authenticator app first.";
pub const CREATE_CODES: &str = "Create recovery codes";
pub const RENEW_CODES: &str = "Create new recovery codes";

pub fn unused_codes(unused: i64) -> String {
    match unused {
        0 => "No unused codes. Create new ones.".to_owned(),
        1 => "1 unused code.".to_owned(),
        n => format!("{n} unused codes."),
    }
}
