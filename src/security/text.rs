//! The page's texts that the browser half holds.

use crate::passkey::PasskeyStorage;

pub const TITLE: &str = "Security";

// After a reset of the password.
pub const REVIEW: &str = "Check what else can sign in";
pub const REVIEW_LEAD: &str = "A new password doesn't affect passkeys, authenticator apps or linked accounts. Remove any that aren't yours.";
pub const LINKED_ACCOUNTS: &str = "Linked accounts";

// The rows of passkeys and authenticator apps. A time completes ADDED and LAST_USED.
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
