//! The texts of the security page and of the field for a new password.

use super::Strength;

// The card.
pub const PASSWORD: &str = "Password";
pub const CURRENT_PASSWORD: &str = "Current password";
pub const NEW_PASSWORD: &str = "New password";
pub const SAVING: &str = "Saving…";

// If the user has a password.
pub const CHANGE: &str = "Change password";
pub const CHANGE_LEAD: &str = "You have a password. Changing it ends all your other sessions.";

// If the user has none.
pub const SET: &str = "Set password";
pub const SET_LEAD: &str = "No password. With one, you have another way to sign in.";

// The field.
pub fn length_hint(min_length: u16) -> String {
    format!("{min_length} characters or more. A phrase of several words works well.")
}

pub fn strength(it: Strength) -> String {
    format!("Strength: {it}")
}
