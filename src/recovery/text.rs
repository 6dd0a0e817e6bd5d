//! The texts of account recovery.

// The page that asks for the email address, and the form that resets the password.
pub const TITLE: &str = "Reset your password";
pub const LEAD: &str =
    "Enter the email address of your account. You'll get a link to reset your password.";
pub const SEND_LINK: &str = "Send link";
pub const SENDING: &str = "Sending…";
pub const BACK: &str = "Back to sign-in";

// The form that resets the password. The email address completes RESET_LEAD.
pub const RESET_LEAD: &str = "Resetting your password ends all sessions of";
pub const NEW_PASSWORD: &str = "New password";
pub const RESET: &str = "Reset password";
pub const RESETTING: &str = "Resetting…";

// The form behind a link in a security notice. The email address completes NOT_ME_LINK.
pub const NOT_ME_TITLE: &str = "Secure your account";
pub const NOT_ME_LEAD: &str = "If the action in the email was not yours, secure your account. All your sessions end and \
     your password is removed. Your email address is restored, and a pending deletion is cancelled. Accounts \
     linked since then are unlinked; second factors and recovery codes are those of before.";
pub const NOT_ME_LINK: &str = "A link to reset your password will be sent to";
pub const SECURE: &str = "Secure account";
pub const SECURING: &str = "Securing…";

// The form behind a link that removes second factors. The email address completes FACTORS_LEAD.
pub const FACTORS_TITLE: &str = "Remove second factors";
pub const FACTORS_LEAD: &str =
    "This removes all second factors and recovery codes, and ends all sessions, of";
pub const FACTORS_REMOVE: &str = "Remove second factors";
pub const FACTORS_REMOVING: &str = "Removing…";

pub fn factors_early(from: &str) -> String {
    format!("This link works from {from}. If you find a second factor before, sign in with it.")
}
