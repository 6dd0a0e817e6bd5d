//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::ReauthenticationOptions;
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields};
use crate::password::check_attempt;
use crate::secret::Secret;

/// The fields of the password form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReauthenticationForm {
    pub current_password: Secret,
    pub next: String,
}

impl ReauthenticationForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { current_password: fields.text("current_password").into(), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<(), AppError> {
        check_attempt(&self.current_password).map_err(|problem| {
            AppError::Invalid(Problems { current_password: Some(problem), ..Problems::default() })
        })
    }
}

/// Confirms the user's identity by password and returns to the page of the action.
#[server(prefix = "/api", endpoint = "reauthentication/password")]
pub async fn reauthenticate(
    #[server(flatten)] form: ReauthenticationForm,
) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent, advance};
    form.parse()?;
    let cx = crate::server::Context::of::<Reauthenticate>().await?;
    let user = cx.user().await?;
    let proof = super::server::by_password(&cx, &user, &form.current_password).await?;
    let attempt = Attempt::of(Intent::reauthenticate(&form.next), &user);
    Ok(advance(&cx, attempt, proof).await?)
}

/// Returns the methods by which the user can confirm their identity.
#[server(prefix = "/api", endpoint = "reauthentication")]
pub async fn load_reauthentication_options() -> Result<ReauthenticationOptions, AppError> {
    let cx = crate::server::Context::of::<LoadReauthenticationOptions>().await?;
    let user = cx.user().await?;
    Ok(super::server::options(&cx.app, &user).await?)
}
