//! The texts of the user list.

pub const TITLE: &str = "Users";

// The filter.
pub const SEARCH: &str = "Email or name";
pub const STATUS: &str = "Status";
pub const ANY_STATUS: &str = "Any status";
pub const DISABLED: &str = "Disabled";
pub const NOT_VERIFIED: &str = "Email not verified";
pub const DELETION_PENDING: &str = "Deletion pending";
pub const ROLE: &str = "Role";
pub const ANY_ROLE: &str = "Any role";
pub const FIND: &str = "Find users";

// The list.
pub const LIST: &str = "Users";
pub const EMAIL: &str = "Email";
pub const COLUMNS: [&str; 3] = [STATUS, "Roles", "Last seen"];
pub const CREATED: &str = "Created";
pub const NO_EMAIL: &str = "No email";
pub const EMPTY: &str = "No users found";
pub const EMPTY_LEAD: &str = "Use fewer words or another filter.";
pub const PAGES: &str = "Pages of users";
pub const FIRST: &str = "First";
pub const NEXT: &str = "Next";

// The badges.
pub fn disabled_until(time: &str) -> String {
    format!("Disabled until {time}")
}

pub fn deleted_at(time: &str) -> String {
    format!("Deletion on {time}")
}
