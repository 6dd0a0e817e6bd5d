//! The texts about users.

/// The name shown for a user without a display name and an email address.
pub const UNNAMED: &str = "Unnamed user";
