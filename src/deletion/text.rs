//! The texts of the card that deletes the account.

pub const DELETE: &str = "Delete account";
pub const DELETING: &str = "Deleting…";
pub const LEAD: &str = "We'll email you the date of the deletion. Until then, you can cancel it by \
    signing in. After that, it can't be undone.";
pub const CONFIRMATION: &str =
    "Your account and all its data will be deleted. All your sessions end immediately.";
