//! The texts about authenticator apps.

// The name of an app whose owner gave none.
pub const DEFAULT_NAME: &str = "Authenticator app";

// The page that adds an app.
pub const TITLE: &str = "Add an authenticator app";
pub const SCAN: &str = "Scan this code with an authenticator app, such as the one in your password \
    manager or on your phone.";
pub const QR_LABEL: &str = "QR code with the key for your authenticator app";
pub const OPEN_APP: &str = "Open the authenticator app on this device";
pub const ENTER_KEY: &str = "Can't scan it? Enter this key in the app:";
pub const NAME: &str = "Name";
pub const NAME_HINT: &str = "To tell your apps apart, such as “Phone”.";
pub const CODE: &str = "Code";
pub const CODE_HINT: &str = "The six digits that the app shows now.";
pub const ADD: &str = "Add app";
pub const ADDING: &str = "Adding…";
pub const BACK: &str = "Back to security";
