//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::password::check_attempt;
use crate::secret::Secret;
use crate::ticket::TicketForm;
use crate::user::Email;

/// Sends the link to verify the user's email address again.
#[server(prefix = "/api", endpoint = "verification/resend")]
pub async fn resend_verification() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<ResendVerification>().await?;
    let user = cx.user().await?;
    Ok(Done::here(super::server::resend(&cx, &user).await?))
}

/// The fields of the form behind a link that verifies an email address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifyEmailForm {
    /// The id of the ticket for which the form was shown.
    pub ticket: RowId,
    /// The account's password, from a user who signed up in another browser and wants to keep the
    /// password. Otherwise empty.
    pub current_password: Secret,
}

impl VerifyEmailForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { current_password: fields.text("current_password").into(), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
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

/// Verifies the email address to which the browser's ticket was sent. If the browser is not signed
/// in to the account and no password is given, everything set up in the account is removed and the
/// user chooses a password next.
#[server(prefix = "/api", endpoint = "verification/confirm")]
pub async fn verify_email(#[server(flatten)] form: VerifyEmailForm) -> Result<Done, AppError> {
    use super::server::VerifiedBy;
    use crate::form::Notice;
    let password = form.parse()?;
    let cx = crate::server::Context::of::<VerifyEmail>().await?;
    Ok(match super::server::confirm(&cx, &form.ticket, password).await? {
        VerifiedBy::Session => Done::go("/dashboard").with(Notice::EmailVerified),
        VerifiedBy::Password => Done::go("/sign-in").with(Notice::EmailVerified),
        VerifiedBy::LinkOnly => Done::go("/ticket").with(Notice::EmailVerifiedChoosePassword),
    })
}

/// The field of the form that changes an email address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailForm {
    pub email: String,
}

impl EmailForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { email: fields.text("email") }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Email, AppError> {
        self.email.parse().map_err(|problem| {
            AppError::Invalid(Problems { email: Some(problem), ..Problems::default() })
        })
    }
}

/// Sends a link to the new email address of the user's account.
#[server(prefix = "/api", endpoint = "verification/change")]
pub async fn request_email_change(#[server(flatten)] form: EmailForm) -> Result<Done, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<RequestEmailChange>().await?;
    let user = cx.user().await?;
    super::server::request_change(&cx, &user, &email).await?;
    Ok(Done::here(crate::form::Notice::EmailChangeRequested))
}

/// Changes the account's email address to the one to which the browser's ticket was sent.
#[server(prefix = "/api", endpoint = "verification/finish-change")]
pub async fn finish_email_change(#[server(flatten)] form: TicketForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<FinishEmailChange>().await?;
    super::server::finish_change(&cx, &form.ticket).await?;
    Ok(Done::go("/dashboard/profile").with(crate::form::Notice::EmailChanged))
}
