//! The texts of the page for the second factor.

pub const TITLE: &str = "Second factor";
pub const SIGNING_IN_AS: &str = "You are signing in as";
pub const LEAD: &str = "Enter the code that your authenticator app shows now.";
pub const CODE: &str = "Code";
pub const SIGN_IN: &str = "Sign in";
pub const SIGNING_IN: &str = "Signing in…";

pub const ANOTHER_WAY: &str = "Try another way";
pub const RECOVERY_LEAD: &str = "Use one of the recovery codes that you saved. Each works once.";
pub const RECOVERY_CODE: &str = "Recovery code";
pub const USE_RECOVERY_CODE: &str = "Use recovery code";
pub const NO_RECOVERY_CODES: &str =
    "You have no recovery codes. An administrator can remove a second factor that you lost.";

pub const SET_UP_LEAD: &str = "This site requires a second factor. Set one up to continue.";
pub const SET_UP: &str = "Add app and sign in";
pub const ADDING: &str = "Adding…";

pub const START_AGAIN: &str = "Sign in as someone else";
