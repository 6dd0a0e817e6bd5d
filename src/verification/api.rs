//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::{Done, RowId};
use crate::password::check_attempt;
use crate::secret::Secret;
use crate::ticket::TicketForm;
use crate::user::Email;

/// Sends the link to confirm the viewer's address once more.
#[server(prefix = "/api", endpoint = "verification/resend")]
pub async fn resend_verification() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<ResendVerification>().await?;
    let user = cx.user().await?;
    Ok(Done::here(super::server::resend(&cx, &user).await?))
}

/// What the button of a link sends that confirms an address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    /// The id of the ticket that the form was shown for.
    pub ticket: RowId,
    /// The account's password, from who opened the link in another browser than they signed up in
    /// and wants to keep it. Empty from anybody else.
    pub current_password: Secret,
}

impl ConfirmForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Option<&Secret>, AppError> {
        if self.current_password.is_empty() {
            return Ok(None);
        }
        check_attempt(&self.current_password).map_err(|problem| {
            AppError::Invalid(Problems { current_password: Some(problem), ..Problems::default() })
        })?;
        Ok(Some(&self.current_password))
    }
}

/// Confirms the address that the browser's ticket was sent to. Where the browser is not signed in to
/// the account and no password is given, whatever was set up in the account before goes, and a
/// password is chosen next.
#[server(prefix = "/api", endpoint = "verification/confirm")]
pub async fn confirm_address(#[server(flatten)] form: ConfirmForm) -> Result<Done, AppError> {
    use super::server::Confirmed;
    use crate::form::Notice;
    let password = form.parse()?;
    let cx = crate::server::Context::of::<ConfirmAddress>().await?;
    Ok(match super::server::confirm(&cx, &form.ticket, password).await? {
        Confirmed::Owner => Done::go("/dashboard").with(Notice::AddressVerified),
        Confirmed::Elsewhere => Done::go("/sign-in").with(Notice::AddressVerified),
        Confirmed::Afresh => Done::go("/ticket").with(Notice::AddressVerifiedChoosePassword),
    })
}

/// What the form sends that changes an address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AddressForm {
    pub email: String,
}

impl AddressForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Email, AppError> {
        self.email.parse().map_err(|problem| {
            AppError::Invalid(Problems { email: Some(problem), ..Problems::default() })
        })
    }
}

/// Sends a link to the address that the viewer's account is to have.
#[server(prefix = "/api", endpoint = "verification/change")]
pub async fn ask_address_change(#[server(flatten)] form: AddressForm) -> Result<Done, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<AskAddressChange>().await?;
    let user = cx.user().await?;
    super::server::ask_change(&cx, &user, &email).await?;
    Ok(Done::here(crate::form::Notice::AddressChangeAsked))
}

/// Gives the account the address that the browser's ticket was sent to.
#[server(prefix = "/api", endpoint = "verification/finish-change")]
pub async fn finish_address_change(#[server(flatten)] form: TicketForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<FinishAddressChange>().await?;
    super::server::finish_change(&cx, &form.ticket).await?;
    Ok(Done::go("/dashboard/profile").with(crate::form::Notice::AddressChanged))
}
