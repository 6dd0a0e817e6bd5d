//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::password::NewPassword;
use crate::secret::Secret;
use crate::ticket::TicketForm;
use crate::user::Email;

/// The field of the form that requests a password reset.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecoveryForm {
    pub email: String,
}

impl RecoveryForm {
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

/// Sends a link to reset the password if the email address has an account. Responds and costs the
/// same if not.
#[server(prefix = "/api", endpoint = "recovery/ask")]
pub async fn request_recovery(#[server(flatten)] form: RecoveryForm) -> Result<Done, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<RequestRecovery>().await?;
    super::server::request_reset(&cx, &email).await?;
    Ok(Done::here(crate::form::Notice::RecoverySent))
}

/// The fields of the form that resets the password.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ResetPasswordForm {
    /// The id of the ticket for which the form was shown.
    pub ticket: RowId,
    pub new_password: Secret,
}

impl ResetPasswordForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { new_password: fields.text("new_password").into(), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self, min_length: u16) -> Result<NewPassword, AppError> {
        NewPassword::parse(&self.new_password, min_length).map_err(|problem| {
            AppError::Invalid(Problems { new_password: Some(problem), ..Problems::default() })
        })
    }
}

/// Resets the password with the browser's ticket. All sessions end.
#[server(prefix = "/api", endpoint = "recovery/finish")]
pub async fn finish_recovery(#[server(flatten)] form: ResetPasswordForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<FinishRecovery>().await?;
    let new = form.parse(cx.app.config.password.min_length)?;
    let strength = super::server::finish(&cx, &form.ticket, &new).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::Recovered.with_password_advice(strength)))
}

/// Removes all second factors with the browser's ticket, after its waiting period. All sessions end.
#[server(prefix = "/api", endpoint = "recovery/factors")]
pub async fn recover_factors(#[server(flatten)] form: TicketForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RecoverFactors>().await?;
    super::server::factors::finish(&cx, &form.ticket).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::FactorsRecovered))
}

/// Secures an account for its owner: ends all sessions, removes the password, restores the email address,
/// unlinks accounts linked since, and sends a link to reset the password.
#[server(prefix = "/api", endpoint = "recovery/not-me")]
pub async fn report_not_me(#[server(flatten)] form: TicketForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<ReportNotMe>().await?;
    super::server::not_me(&cx, &form.ticket).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::NotMeReported))
}
