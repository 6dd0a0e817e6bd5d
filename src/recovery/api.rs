//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::{Done, RowId};
use crate::password::NewPassword;
use crate::secret::Secret;
use crate::ticket::TicketForm;
use crate::user::Email;

/// What the form sends that asks for a new password.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecoveryForm {
    pub email: String,
}

impl RecoveryForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Email, AppError> {
        self.email.parse().map_err(|problem| {
            AppError::Invalid(Problems { email: Some(problem), ..Problems::default() })
        })
    }
}

/// Sends a link to choose a new password, if the address has an account. Says and costs the same if
/// it has none.
#[server(prefix = "/api", endpoint = "recovery/ask")]
pub async fn ask_recovery(#[server(flatten)] form: RecoveryForm) -> Result<Done, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<AskRecovery>().await?;
    super::server::ask(&cx, &email).await?;
    Ok(Done::here(crate::form::Notice::RecoverySent))
}

/// What the form sends that chooses it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChooseForm {
    /// The id of the ticket that the form was shown for.
    pub ticket: RowId,
    pub new_password: Secret,
}

impl ChooseForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self, min_length: u16) -> Result<NewPassword, AppError> {
        NewPassword::choose(&self.new_password, min_length).map_err(|problem| {
            AppError::Invalid(Problems { new_password: Some(problem), ..Problems::default() })
        })
    }
}

/// Trades the browser's ticket for a new password. All sessions end; who has a second factor is
/// still asked for it when they sign in.
#[server(prefix = "/api", endpoint = "recovery/finish")]
pub async fn finish_recovery(#[server(flatten)] form: ChooseForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<FinishRecovery>().await?;
    let new = form.parse(cx.app.config.password.min_length)?;
    let strength = super::server::finish(&cx, &form.ticket, &new).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::Recovered.of_password(strength)))
}

/// Says that something was not the owner's doing: all sessions end, the password is locked, what was
/// changed since is taken back, and a link to choose a new password is sent.
#[server(prefix = "/api", endpoint = "recovery/not-me")]
pub async fn say_not_me(#[server(flatten)] form: TicketForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SayNotMe>().await?;
    super::server::not_me(&cx, &form.ticket).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::NotMeDone))
}
