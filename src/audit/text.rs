//! The texts of the activity page.

pub const TITLE: &str = "Activity";
pub const LEAD: &str =
    "Activity in your account, newest first. If something here wasn't you, change your password.";
pub const EMPTY: &str = "No activity yet";
pub const EMPTY_LEAD: &str = "Sign-ins and changes to your account will appear here.";
pub const PAGES: &str = "Pages of activity";
pub const NEWEST: &str = "Newest";
pub const OLDER: &str = "Older";
pub const BY_ADMINISTRATOR: &str = "by an administrator";
