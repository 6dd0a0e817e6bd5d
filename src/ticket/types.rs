//! What mailed links are for, and how their page shows them.

use serde::{Deserialize, Serialize};

use crate::problem::problems;

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Proves the address of an account.
    Verification,
    /// Proves an address that an account is to have.
    AddressChange,
    /// Lets choose a new password.
    Recovery,
    /// Says that something was not the owner's doing.
    NotMe,
    /// Lets sign up where not everybody may.
    Invitation,
    /// Signs in, in the browser that asked.
    SignIn,
    /// Makes the first administrator.
    SetUp,
}

impl Purpose {
    pub const ALL: [Self; 7] = [
        Self::Verification,
        Self::AddressChange,
        Self::Recovery,
        Self::NotMe,
        Self::Invitation,
        Self::SignIn,
        Self::SetUp,
    ];

    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::AddressChange => "address_change",
            Self::Recovery => "recovery",
            Self::NotMe => "not_me",
            Self::Invitation => "invitation",
            Self::SignIn => "sign_in",
            Self::SetUp => "set_up",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// What the browser's ticket is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Valid,
    /// It was used, and what it was for is so: its owner, who is signed in, clicked again.
    Done,
    /// It works in another browser only.
    Elsewhere,
}

/// The ticket that this browser came with, as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketView {
    /// Names it in forms; no secret.
    pub id: String,
    pub purpose: Purpose,
    pub state: State,
    /// Where the mail was sent to.
    pub address: String,
    /// Whether this browser is signed in to the account that it is about.
    pub is_owner: bool,
    /// Whether that account has a password.
    pub has_password: bool,
}

problems! {
    /// Why a mailed link is of no use.
    pub enum TicketProblem {
        /// It is foreign, used, expired or no link at all.
        Invalid: "invalid_ticket", 410, "This link has expired or was used already.";
        /// The form was shown for another link than the one that the browser came with last.
        Other: "other_ticket", 409,
            "Another link was opened in this browser after this page, so nothing was done. \
             Open your link again.";
        /// The email address that it verifies belongs to another account by now.
        AddressTaken: "address_taken", 409, "This address belongs to another account here.";
    }
}
