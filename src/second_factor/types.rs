//! The data of the page.

use serde::{Deserialize, Serialize};

use crate::authenticator_app::AuthenticatorSetUp;

/// Whether a mailed code was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailedCodeState {
    Possible,
    Sent,
}

/// The kinds of second factors that a user can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorChoice {
    pub passkeys: bool,
    pub apps: bool,
    /// Whether any is unused.
    pub recovery_codes: bool,
}

/// What the page asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondFactorStep {
    /// A factor that the user has.
    Prove {
        has: FactorChoice,
        /// A provider that checks the user's second factor.
        provider: Option<String>,
        /// Whether the site accepts codes from this user, or passkeys only.
        accepts_codes: bool,
        /// Whether a code can be mailed, and whether one was.
        by_mail: Option<MailedCodeState>,
        /// How long this browser can be trusted, in words; `None` if the site trusts none.
        trust: Option<String>,
        /// How long the removal of lost factors by email waits, in words; `None` if the site has no such removal.
        recovery_wait: Option<String>,
    },
    /// A new factor.
    SetUp {
        /// A new authenticator app; `None` if the site accepts none.
        app: Option<AuthenticatorSetUp>,
        /// Whether the site has passkeys.
        has_passkeys: bool,
        /// Whether it accepts only passkeys that can't be copied to another device.
        is_device_bound: bool,
    },
}

/// A sign-in that waits for a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorView {
    /// The id of the attempt; every form sends it back, so that it can't act on another tab's.
    pub attempt: String,
    pub email: Option<String>,
    pub step: SecondFactorStep,
}
