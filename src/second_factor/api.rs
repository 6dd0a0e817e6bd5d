//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::SecondFactorView;
use crate::authenticator_app::{AppCode, AuthenticatorAppForm};
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::recovery_code::{RecoveryCode, RecoveryCodeProblem};
use crate::secret::Secret;

/// Returns what the sign-in that waits in this browser needs. `token` is the key that a refused form offered.
#[server(prefix = "/api", endpoint = "sign-in/second-factor")]
pub async fn load_second_factor(
    #[server(default)] token: String,
) -> Result<SecondFactorView, AppError> {
    let cx = crate::server::Context::of::<LoadSecondFactor>().await?;
    Ok(super::server::view(&cx, &token).await?)
}

/// The fields of the form for an authenticator app's code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppCodeForm {
    pub attempt: RowId,
    pub app_code: Secret,
}

impl AppCodeForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { app_code: fields.text("app_code").into(), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<AppCode, AppError> {
        self.app_code.expose().parse().map_err(AppError::from)
    }
}

/// Completes the sign-in with an authenticator app's code.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/code")]
pub async fn sign_in_by_app_code(#[server(flatten)] form: AppCodeForm) -> Result<Done, AppError> {
    let code = form.parse()?;
    let cx = crate::server::Context::of::<SignInByAppCode>().await?;
    Ok(super::server::by_app_code(&cx, &form.attempt, &code).await?)
}

/// The fields of the form for a recovery code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecoveryCodeForm {
    pub attempt: RowId,
    pub recovery_code: Secret,
}

impl RecoveryCodeForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { recovery_code: fields.text("recovery_code").into(), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<RecoveryCode, AppError> {
        self.recovery_code.expose().parse().map_err(AppError::from)
    }
}

impl From<RecoveryCodeProblem> for AppError {
    fn from(problem: RecoveryCodeProblem) -> Self {
        Self::Invalid(Problems { recovery_code: Some(problem), ..Problems::default() })
    }
}

/// Completes the sign-in with a recovery code.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/recovery-code")]
pub async fn sign_in_by_recovery_code(
    #[server(flatten)] form: RecoveryCodeForm,
) -> Result<Done, AppError> {
    let code = form.parse()?;
    let cx = crate::server::Context::of::<SignInByRecoveryCode>().await?;
    Ok(super::server::by_recovery_code(&cx, &form.attempt, &code).await?)
}

/// The fields of the form that sets up the first second factor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetUpFactorForm {
    pub attempt: RowId,
    pub token: String,
    pub app_name: String,
    pub app_code: Secret,
}

impl SetUpFactorForm {
    /// Returns the part that adds the authenticator app.
    #[must_use]
    pub fn app(&self) -> AuthenticatorAppForm {
        AuthenticatorAppForm {
            token: self.token.clone(),
            app_name: self.app_name.clone(),
            app_code: self.app_code.clone(),
            end_others: None,
        }
    }
}

/// Sets up the second factor that the site requires, and completes the sign-in.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/set-up")]
pub async fn set_up_second_factor(
    #[server(flatten)] form: SetUpFactorForm,
) -> Result<Done, AppError> {
    let app = form.app();
    app.parse()?;
    let cx = crate::server::Context::of::<SetUpSecondFactor>().await?;
    Ok(super::server::set_up(&cx, &form.attempt, &app).await?)
}
