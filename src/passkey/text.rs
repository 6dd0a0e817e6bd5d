//! The texts about passkeys.

pub const NEEDS_SCRIPTS: &str = "Passkeys need JavaScript.";

// The name of a passkey whose owner gave none and whose authenticator is unknown.
pub const DEFAULT_NAME: &str = "Passkey";

// Signing in.
pub const SIGN_IN: &str = "Sign in with a passkey";
pub const SIGNING_IN: &str = "Signing in…";

// The page that adds one.
pub const TITLE: &str = "Add a passkey";
pub const LEAD: &str = "A passkey is stored on your device, in your password manager or on a security key. You unlock \
    it with your fingerprint, face or PIN. Fake sites can't use it.";
pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "Helps you tell your passkeys apart. If you leave this empty, it is named after your \
    password manager or device, if known.";
pub const ADD: &str = "Create passkey";
pub const ADDING: &str = "Creating passkey…";
pub const BACK: &str = "Back to security";
