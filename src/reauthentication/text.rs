//! The texts of the page on which users confirm their identity.

pub const TITLE: &str = "Confirm your identity";
pub const LEAD: &str = "This action needs a recent confirmation of your identity. Afterwards, you continue where you \
     left off.";
pub const PASSWORD: &str = "Password";
pub const CONFIRM: &str = "Confirm identity";
pub const CONFIRMING: &str = "Confirming…";
pub const NO_METHOD: &str =
    "You have no password and no linked account. Sign out and sign in again to continue.";
pub const NO_RECOVERY_CODES: &str = "You have no recovery codes. If you lost your second factor, contact an \
     administrator.";
pub const BACK: &str = "Back to the dashboard";
