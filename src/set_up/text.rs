//! The texts of the form for the first administrator.

pub const TITLE: &str = "Create the first administrator";
pub const LEAD: &str = "This account gets every permission on this site.";
pub const PASSWORD: &str = "Password";
pub const CREATE: &str = "Create administrator";
pub const CREATING: &str = "Creating…";
