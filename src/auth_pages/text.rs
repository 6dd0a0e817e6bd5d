//! The texts of the sign-in and sign-up pages, and the page for mailed links.

// Several of these pages.
pub const SIGN_IN: &str = "Sign in";
pub const SIGN_UP_LINK: &str = "Create an account";
pub const CREATE_ACCOUNT: &str = "Create account";
pub const PASSWORD: &str = "Password";

// The sign-in page.
pub const SIGNING_IN: &str = "Signing in…";
pub const REMEMBER: &str = "Keep me signed in";
pub const FORGOT_PASSWORD: &str = "Forgot your password?";
pub const SIGN_IN_BY_EMAIL: &str = "Sign in by email";
pub const NEW_HERE: &str = "New here?";

// The sign-up page. The refusal is the lead of a page without the form.
pub const SIGN_UP_TITLE: &str = "Create your account";
pub const SIGN_UP_REFUSED_TITLE: &str = "Sign up";
pub const PASSKEY_LEAD: &str = "A passkey is stored on your device. You unlock it with your fingerprint, face or PIN, \
    so there is no password to remember.";
pub const CREATE_ACCOUNT_WITH_PASSKEY: &str = "Create account with a passkey";
pub const USE_PASSKEY: &str = "Use a passkey instead of a password";
pub const USE_PASSWORD: &str = "Use a password instead";
pub const CREATING_ACCOUNT: &str = "Creating account…";
pub const AGREE: &str = "By creating an account, you agree to the";
pub const TERMS: &str = "terms of service";
pub const HAVE_ACCOUNT: &str = "Already have an account?";

// The page for mailed links: a link that does not work.
pub const INVALID_TITLE: &str = "This link no longer works";
pub const INVALID_LEAD: &str = "It has expired, was already used, or is incomplete.";
pub const RESET_PASSWORD: &str = "Reset your password";

// A link that its owner used before.
pub const EMAIL_VERIFIED: &str = "Email address verified";
pub const EMAIL_CHANGED: &str = "Email address changed";
pub const ALREADY_USED: &str = "You already used this link. There is nothing left to do.";
pub const DASHBOARD: &str = "Go to the dashboard";

// An invitation.
pub const INVITATION_TITLE: &str = "You are invited";

pub fn invitation_lead(site_name: &str, email: &str) -> String {
    format!("Create an account at {site_name} with the email address {email}.")
}
