//! The texts of the role pages.

// The list.
pub const ROLES: &str = "Roles";
pub const LEAD: &str =
    "Users have the permissions of their roles. Changes take effect with a user's next request.";
pub const COLUMNS: [&str; 3] = ["Role", "Permissions", "Users"];

// One role.
pub const ROLE: &str = "Role";
pub const ALL_ROLES: &str = "All roles";
pub const NOT_CHANGEABLE: &str =
    "You can't change this role: it is built in, or it has permissions that you don't have.";
pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "Use lowercase letters, digits and hyphens.";
pub const DESCRIPTION: &str = "Description";
pub const OWN_PERMISSIONS: &str = "Administration permissions";
pub const APP_PERMISSIONS: &str = "App permissions";
pub const APP_PERMISSIONS_HINT: &str = "One per line, such as billing:read.";
pub const CREATE: &str = "Create role";
pub const CREATING: &str = "Creating…";
pub const SAVE: &str = "Save role";
pub const SAVING: &str = "Saving…";

// Deleting a role.
pub const DELETE: &str = "Delete role";
pub const DELETING: &str = "Deleting…";

pub fn delete_confirmation(users: i64) -> String {
    match users {
        0 => "No user has this role.".to_owned(),
        1 => "1 user has this role and loses its permissions from their next request.".to_owned(),
        n => format!("{n} users have this role and lose its permissions from their next request."),
    }
}
