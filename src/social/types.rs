//! Providers and linked accounts as pages show them, and the problems of a sign-in at a provider.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::linked_account::LinkedAccountView;
use crate::user::{DisplayName, Email};

/// A configured provider, as its button shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderButton {
    /// The name of its configuration section and of its callback path.
    pub name: String,
    /// The name that users know.
    pub label: String,
    /// Its own mark as the path of an icon; empty if not known.
    pub mark: String,
}

/// Reasons for a failed sign-in at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocialProblem {
    /// The state is another browser's, was used or has expired.
    Expired,
    /// The visitor or the provider refused.
    Refused,
    /// The provider is down or slow; a later try may succeed.
    Unreachable,
    /// The provider's response can't be used, now or later.
    Unusable,
    /// The verified email address belongs to an account to which this provider is not linked.
    EmailTaken,
    /// The provider's account is linked to another user.
    LinkedToOtherUser,
    /// The provider signed in a different user than the one signed in here.
    DifferentUser,
    /// The user is in none of the groups at the provider that may use it.
    NotMember,
    /// The provider itself says that it did not authenticate the user again.
    NotReauthenticated,
}

impl fmt::Display for SocialProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "This sign-in has expired or was already used. Start again.",
            Self::Refused => "The provider didn't sign you in. Try again or use another method.",
            Self::Unreachable => {
                "The provider can't be reached right now. Try again later or use another method."
            }
            Self::Unusable => {
                "The provider sent an unusable response, and trying again won't help. \
                 Use another method, and tell an administrator of this site."
            }
            Self::EmailTaken => {
                "Your email address at this provider already belongs to an account here. \
                 Sign in to that account, then link the provider under Linked accounts."
            }
            Self::LinkedToOtherUser => "That account is already linked to another user.",
            Self::DifferentUser => {
                "That provider account is not linked to your account here. Use one that is linked."
            }
            Self::NotMember => {
                "That account belongs to no group that may sign in here. \
                 Use another one, or ask an administrator of this site."
            }
            Self::NotReauthenticated => {
                "The provider didn't ask you to sign in again. Sign out there, then try again."
            }
        })
    }
}

/// The user's linked accounts, and whether one may be unlinked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LinkedAccounts {
    pub linked: Vec<LinkedAccountView>,
    /// All configured providers.
    pub providers: Vec<ProviderButton>,
    /// Whether unlinking one leaves a way to sign in.
    pub removable: bool,
    pub now: i64,
}

/// What the form of an unfinished sign-up shows and asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnfinishedSignUp {
    /// The provider's label.
    pub provider: String,
    /// The email address or name there.
    pub account: String,
    /// Set if the form asks for an email address: a suggestion, or empty.
    pub email: Option<String>,
    pub asks_name: bool,
    /// Set if the form asks the user to agree to these terms.
    pub terms_url: Option<String>,
}

/// What a new user added.
#[derive(Clone, Debug)]
pub struct Added {
    pub email: Option<Email>,
    pub name: Option<DisplayName>,
}
