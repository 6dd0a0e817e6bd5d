//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::ReauthenticationOptions;
use crate::authenticator_app::AuthenticatorCode;
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields};
use crate::passkey::PasskeyChallenge;
use crate::password::check_attempt;
use crate::recovery_code::RecoveryCode;
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

/// The fields of the form for an authenticator app's code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfirmByAuthenticatorCodeForm {
    pub app_code: Secret,
    pub next: String,
}

impl ConfirmByAuthenticatorCodeForm {
    /// Validates the code on the server. In the browser, the form of the sign-in does.
    pub fn parse(&self) -> Result<AuthenticatorCode, AppError> {
        self.app_code.expose().parse().map_err(AppError::from)
    }
}

/// Confirms the user's identity by an authenticator app's code and returns to the page of the action.
#[server(prefix = "/api", endpoint = "reauthentication/code")]
pub async fn confirm_by_authenticator_code(
    #[server(flatten)] form: ConfirmByAuthenticatorCodeForm,
) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent, advance};
    let code = form.parse()?;
    let cx = crate::server::Context::of::<ConfirmByAuthenticatorCode>().await?;
    let user = cx.user().await?;
    let proof =
        crate::second_factor::server::confirm_by_authenticator_code(&cx, &user, &code).await?;
    let attempt = Attempt::of(Intent::reauthenticate(&form.next), &user);
    Ok(advance(&cx, attempt, proof).await?)
}

/// The fields of the form for a recovery code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfirmByRecoveryCodeForm {
    pub recovery_code: Secret,
    pub next: String,
}

impl ConfirmByRecoveryCodeForm {
    /// Validates the code on the server. In the browser, the form of the sign-in does.
    pub fn parse(&self) -> Result<RecoveryCode, AppError> {
        self.recovery_code.expose().parse().map_err(AppError::from)
    }
}

/// Confirms the user's identity by a recovery code and returns to the page of the action.
#[server(prefix = "/api", endpoint = "reauthentication/recovery-code")]
pub async fn confirm_by_recovery_code(
    #[server(flatten)] form: ConfirmByRecoveryCodeForm,
) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent, advance};
    let code = form.parse()?;
    let cx = crate::server::Context::of::<ConfirmByRecoveryCode>().await?;
    let user = cx.user().await?;
    let proof = crate::second_factor::server::confirm_by_recovery_code(&cx, &user, &code).await?;
    let attempt = Attempt::of(Intent::reauthenticate(&form.next), &user);
    Ok(advance(&cx, attempt, proof).await?)
}

/// Issues a challenge for the passkeys of the signed-in user.
#[server(prefix = "/api", endpoint = "reauthentication/passkey/begin")]
pub async fn begin_passkey_confirmation() -> Result<PasskeyChallenge, AppError> {
    let cx = crate::server::Context::of::<BeginPasskeyConfirmation>().await?;
    let user = cx.user().await?;
    Ok(crate::passkey::server::begin_confirmation(&cx, &user).await?)
}

/// The fields of the form for a passkey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfirmByPasskeyForm {
    pub token: String,
    pub credential: Secret,
    pub next: String,
}

/// Confirms the user's identity by a passkey and returns to the page of the action.
#[server(prefix = "/api", endpoint = "reauthentication/passkey")]
pub async fn confirm_by_passkey(
    #[server(flatten)] form: ConfirmByPasskeyForm,
) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent, advance};
    let cx = crate::server::Context::of::<ConfirmByPasskey>().await?;
    let user = cx.user().await?;
    let response =
        crate::passkey::server::PasskeyResponse { token: form.token, credential: form.credential };
    let proof = crate::passkey::server::confirm(&cx, &user, &response).await?;
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
