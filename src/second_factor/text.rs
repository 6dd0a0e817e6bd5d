//! The texts of the page for the second factor.

pub const TITLE: &str = "Second factor";
pub const SIGNING_IN_AS: &str = "You are signing in as";
pub const USE_PASSKEY: &str = "Use a passkey";
pub fn use_provider(label: &str) -> String {
    format!("You can also sign in with {label}, which checks your second factor.")
}

pub const OR: &str = "or";
pub const CODE: &str = "Code";
pub const CODE_HINT: &str = "The six digits that your authenticator app shows now.";
pub const SIGN_IN: &str = "Sign in";
pub const SIGNING_IN: &str = "Signing in…";

pub fn trust(time: &str) -> String {
    format!("Trust this browser for {time}")
}

pub const ANOTHER_WAY: &str = "Try another way";
pub const RECOVERY_LEAD: &str = "Use one of the recovery codes that you saved. Each works once.";
pub const RECOVERY_CODE: &str = "Recovery code";
pub const USE_RECOVERY_CODE: &str = "Use recovery code";
pub const NO_RECOVERY_CODES: &str = "You have no recovery codes.";
pub const NO_CODES_HERE: &str = "This site accepts only passkeys as a second factor.";
pub const ASK_ADMINISTRATOR: &str = "An administrator can remove a second factor that you lost.";
pub const MAIL_LEAD: &str =
    "A code by email is weaker than an authenticator app: whoever reads your email gets it.";
pub const MAIL_CODE: &str = "Email me a code";
pub const MAIL_ANOTHER_CODE: &str = "Email me another code";
pub const MAILED_CODE: &str = "Code from the email";
pub const USE_MAILED_CODE: &str = "Use mailed code";
pub const LOST: &str = "Remove second factors by email";
pub const SENDING: &str = "Sending…";

pub fn lost_lead(wait: &str) -> String {
    format!(
        "Did you lose all of them? We email you a link that removes your second factors. It works \
         after {wait}, and until then you can stop it."
    )
}

pub fn set_up_lead(has_passkeys: bool, accepts_apps: bool, is_device_bound: bool) -> &'static str {
    match (has_passkeys, accepts_apps, is_device_bound) {
        (true, true, _) => {
            "This site requires a second factor. Add a passkey or an authenticator app to continue."
        }
        (_, false, false) => "This site requires a passkey. Add one to continue.",
        (_, false, true) => {
            "This site requires a passkey that can't leave its device, such as one on a security \
             key. Add one to continue."
        }
        (false, true, _) => {
            "This site requires a second factor. Add an authenticator app to continue."
        }
    }
}

pub const SET_UP_PASSKEY: &str = "Add passkey and sign in";
pub const SET_UP: &str = "Add app and sign in";
pub const ADDING: &str = "Adding…";

pub const BACK: &str = "Back to sign-in";
