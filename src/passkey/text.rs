//! The texts about passkeys.

pub const NEEDS_SCRIPTS: &str = "Passkeys need JavaScript.";

// The name of a passkey whose owner gave none and whose authenticator is unknown.
pub const DEFAULT_NAME: &str = "Passkey";

// Signing in.
pub const SIGN_IN: &str = "Sign in with a passkey";
pub const SIGNING_IN: &str = "Signing in…";

// The page that adds one.
pub const TITLE: &str = "Add a passkey";
pub const LEAD: &str = "A passkey is kept by your device, your password manager or a security key. You use it with \
    your fingerprint, face or PIN instead of a password, and no other site can ask for it.";
pub const NAME: &str = "Name";
pub const NAME_HINT: &str =
    "To tell your passkeys apart. Without one, it is named after where it is kept.";
pub const ADD: &str = "Create passkey";
pub const ADDING: &str = "Adding…";
pub const BACK: &str = "Back to security";
