//! The texts of signing in by email.

// All pages.
pub const SIGN_IN: &str = "Sign in";
pub const SIGNING_IN: &str = "Signing in…";
pub const SENDING: &str = "Sending…";
pub const OTHER_METHOD: &str = "Sign in another way";

// The page that asks for the email address.
pub const TITLE: &str = "Sign in by email";
pub const LEAD: &str = "Enter the email address of your account. You'll get a code and a link that work only in this \
     browser.";
pub const REMEMBER: &str = "Keep me signed in";
pub const SEND_CODE: &str = "Send code";

// The page that asks for the code.
pub const CODE_TITLE: &str = "Enter the code";
pub const CODE_LEAD: &str =
    "Enter the six-digit code from the email, or open its link in this browser.";
pub const CODE: &str = "Code";
pub const SEND_NEW_CODE: &str = "Send a new code";

// The page of the mailed link. The email address completes SIGN_IN_AS.
pub const SIGN_IN_AS: &str = "You are signing in as";
pub const OTHER_BROWSER: &str = "This link works only in the browser that requested it. Open it there, or enter the code from \
     the same email there.";
pub const SIGN_IN_HERE: &str = "Sign in here";
