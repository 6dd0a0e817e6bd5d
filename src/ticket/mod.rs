//! Tickets: one-time secrets that were mailed, and the page that their links lead to.
//!
//! A link changes nothing by being opened, since programs that look through mail open links too: it
//! leads to a page with a button.

mod page;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::form::RowId;

pub use page::TicketPage;

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

/// What a button of a mailed link sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketForm {
    /// The id of the ticket that the form was shown for.
    pub ticket: RowId,
}

/// The ticket that this browser came with; none where it is of no use.
#[server(prefix = "/api", endpoint = "ticket")]
pub async fn load_ticket() -> Result<Option<TicketView>, AppError> {
    let cx = crate::server::Context::of::<LoadTicket>().await?;
    match server::view(&cx).await.map_err(AppError::from) {
        Ok(ticket) => Ok(Some(ticket)),
        Err(AppError::InvalidTicket) => Ok(None),
        Err(error) => Err(error),
    }
}
