//! The texts of verifying and changing an email address.

// Several of these forms.
pub const TITLE: &str = "Verify your email address";
pub const VERIFY: &str = "Verify email address";
pub const VERIFYING: &str = "Verifying…";
pub const RESEND: &str = "Send link again";
pub const SENDING: &str = "Sending…";

// The banner. The email address completes BANNER_LEAD.
pub const BANNER: &str = "Email not verified";
pub const BANNER_LEAD: &str = "Verify your email address: open the link we sent to";

// The page before the dashboard. The email address completes LINK_SENT.
pub const LINK_SENT: &str = "To continue, open the link we sent to";
pub const VERIFIED: &str = "Your email address is verified.";
pub const DASHBOARD: &str = "Go to the dashboard";
pub const REQUIRED: &str =
    "This site requires a verified email address. Enter yours, then open the link we send to it.";

// The form behind the link that verifies. The email address completes IS_YOURS.
pub const IS_YOURS: &str = "Verify that this is your email address:";
pub const PASSWORD: &str = "Password (optional)";
pub const PASSWORD_HINT: &str = "The password you signed up with. If you leave this empty, everything set up in the account \
     until now is removed, and you choose a new password.";

// Instead of the password, if the account has none.
pub const NO_PASSWORD_LEAD: &str = "If you set up this account, sign in first and then open this link again. If you continue \
     without signing in, everything set up in the account is removed, such as passkeys and linked accounts.";

// The form behind the link that changes. The email address completes both leads.
pub const NEW_TITLE: &str = "Verify your new email address";
pub const NEW_LEAD: &str = "Your account's email address will change to";
pub const NEW_SIGN_IN_LEAD: &str =
    "Sign in to your account, then open this link again to change its email address to";
pub const SIGN_IN: &str = "Sign in";

// The profile's card. The email address completes CURRENT.
pub const EMAIL: &str = "Email";
pub const EMAIL_ADDRESS: &str = "Email address";
pub const NEW_EMAIL: &str = "New email address";
pub const CURRENT: &str = "Your email address is";
pub const CHANGE_LEAD: &str =
    "To change it, enter the new email address and open the link we send to it.";
pub const ADD_LEAD: &str =
    "You have no email address. To add one, enter it and open the link we send to it.";
pub const CHANGE: &str = "Change email address";
pub const ADD: &str = "Add email address";
