//! The texts of the providers' buttons and of the linked accounts page.

// The buttons.
pub const OR: &str = "or";
pub const LAST_USED: &str = "Last used";

pub fn continue_with(provider: &str) -> String {
    format!("Continue with {provider}")
}

pub fn confirm_with(provider: &str) -> String {
    format!("Confirm with {provider}")
}

pub fn link(provider: &str) -> String {
    format!("Link {provider}")
}

pub fn opening(provider: &str) -> String {
    format!("Opening {provider}…")
}

// The page. A time completes LINKED.
pub const TITLE: &str = "Linked accounts";
pub const LEAD: &str = "Provider accounts that you can use to sign in.";
pub const NO_PROVIDERS: &str = "No providers available";
pub const NO_PROVIDERS_LEAD: &str =
    "If this site adds sign-in providers, you can link your accounts here.";
pub const LINK_FIRST: &str = "Link an account";
pub const LINK_FIRST_LEAD: &str =
    "You have no linked accounts. Choose a provider and approve access there to link one.";
pub const LINK_ANOTHER: &str = "Link another account";
pub const LINK_ANOTHER_LEAD: &str = "Choose a provider and approve access there.";
pub const LINKED: &str = "Linked";
pub const UNLINKING: &str = "Unlinking…";
pub const ONLY_METHOD: &str = "This is your only way to sign in. Set a password, add a passkey or link another account first.";

pub fn unlink(provider: &str) -> String {
    format!("Unlink {provider}")
}

pub fn unlink_confirmation(provider: &str) -> String {
    format!(
        "You will no longer be able to sign in with this {provider} account. \
         The account at {provider} does not change."
    )
}

// The form of an unfinished sign-up. An account completes the lead.
pub const FINISH_TITLE: &str = "Finish signing up";
pub const FINISH_EMAIL_LEAD: &str = "We'll send a link to your email address to verify it.";
pub const FINISH_EMAIL: &str = "Email address";
pub const FINISH_NAME: &str = "Your name";
pub const FINISH_NAME_HINT: &str = "Optional. You can change it later.";
pub const AGREE: &str = "I agree to the";
pub const TERMS: &str = "terms of service";
pub const FINISH: &str = "Create account";
pub const FINISHING: &str = "Creating account…";
pub const FINISH_OTHERWISE: &str = "Sign in another way";

pub fn finish_lead(provider: &str) -> String {
    format!("You chose to continue with {provider} as")
}
