//! The purposes of mailed links, and tickets as their page shows them.

use serde::{Deserialize, Serialize};

use crate::problem::problems;

/// The purpose of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Verifies the email address of an account.
    Verification,
    /// Verifies the new email address that an account is to have.
    EmailChange,
    /// Resets a password.
    Recovery,
    /// Reports that an event was not the owner's doing.
    NotMe,
    /// Allows signing up on a site that is not open to everyone.
    Invitation,
    /// Signs in, in the browser that requested it.
    SignIn,
    /// Creates the first administrator.
    SetUp,
    /// Removes the second factors of a user who lost them.
    FactorRecovery,
}

impl Purpose {
    pub const ALL: [Self; 8] = [
        Self::Verification,
        Self::EmailChange,
        Self::Recovery,
        Self::NotMe,
        Self::Invitation,
        Self::SignIn,
        Self::SetUp,
        Self::FactorRecovery,
    ];

    /// Returns the word stored in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::EmailChange => "address_change",
            Self::Recovery => "recovery",
            Self::NotMe => "not_me",
            Self::Invitation => "invitation",
            Self::SignIn => "sign_in",
            Self::SetUp => "set_up",
            Self::FactorRecovery => "factor_recovery",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// The state of the browser's ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketState {
    Valid,
    /// It was used successfully, and its signed-in owner opened it again.
    Done,
    /// It works only in another browser.
    OtherBrowser,
    /// It works only after its waiting period.
    TooEarly,
}

/// The browser's ticket, as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketView {
    /// Identifies the ticket in forms; not a secret.
    pub id: String,
    pub purpose: Purpose,
    pub state: TicketState,
    /// The email address that the mail was sent to.
    pub email: String,
    /// Whether this browser is signed in to the ticket's account.
    pub is_owner: bool,
    /// Whether that account has a password.
    pub has_password: bool,
    /// When its waiting period ends, in Unix seconds; `None` if it has none.
    pub works_from: Option<i64>,
}

problems! {
    /// The reason a mailed link does not work.
    pub enum TicketProblem {
        /// It is unknown, used, expired or malformed.
        Invalid: "invalid_ticket", 410, "This link has expired or was already used.";
        /// The form was shown for another link than the one that this browser opened last.
        OtherTicket: "other_ticket", 409,
            "Another link was opened in this browser after this page, so nothing was changed. \
             Open your link again.";
        /// Its waiting period is not over.
        TooEarly: "too_early", 409, "This link works only after its waiting period.";
        /// The email address that it verifies now belongs to another account.
        EmailTaken: "address_taken", 409, "This email address belongs to another account.";
    }
}
