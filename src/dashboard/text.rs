//! The texts of the dashboard's frame and of the overview.

// The rail.
pub const NAVIGATION: &str = "Dashboard";
pub const OVERVIEW: &str = "Overview";
pub const PROFILE: &str = "Profile";
pub const SECURITY: &str = "Security";
pub const SESSIONS: &str = "Sessions";
pub const ACTIVITY: &str = "Activity";
pub const LINKED_ACCOUNTS: &str = "Linked accounts";
pub const ADMINISTRATION: &str = "Administration";

// The overview. A time completes SIGNED_IN and PASSWORD_CHANGED.
pub const SIGNED_IN: &str = "Signed in";
pub const EDIT_PROFILE: &str = "Edit profile";
pub const PASSWORD: &str = "Password";
pub const PASSWORD_CHANGED: &str = "Changed";
pub const NO_PASSWORD: &str = "You don't have a password.";
pub const MANAGE_PASSWORD: &str = "Manage password";
pub const MANAGE_LINKED_ACCOUNTS: &str = "Manage linked accounts";
pub const MANAGE_SESSIONS: &str = "Manage sessions";

pub fn linked_accounts(count: i64) -> String {
    match count {
        0 => "You have no linked accounts.".to_owned(),
        1 => "You have 1 linked account.".to_owned(),
        n => format!("You have {n} linked accounts."),
    }
}

pub fn sessions(count: i64) -> String {
    match count {
        1 => "You are signed in on this browser only.".to_owned(),
        n => format!("You are signed in on {n} browsers."),
    }
}
