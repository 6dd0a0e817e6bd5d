//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::SecondFactorView;
use crate::authenticator_app::{AuthenticatorAppForm, AuthenticatorCode};
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::mailed_sign_in::Code;
use crate::passkey::PasskeyChallenge;
use crate::recovery_code::{RecoveryCode, RecoveryCodeProblem};
use crate::secret::Secret;

/// Returns this browser's pending sign-in and its next step. `token`, from a refused form, shows the same key again.
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
pub struct AuthenticatorCodeForm {
    pub attempt: RowId,
    pub app_code: Secret,
    /// Present if the box is ticked.
    pub trust: Option<String>,
}

impl AuthenticatorCodeForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { app_code: fields.text("app_code").into(), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<AuthenticatorCode, AppError> {
        self.app_code.expose().parse().map_err(AppError::from)
    }
}

/// Completes the sign-in with an authenticator app's code.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/code")]
pub async fn sign_in_by_authenticator_code(
    #[server(flatten)] form: AuthenticatorCodeForm,
) -> Result<Done, AppError> {
    let code = form.parse()?;
    let cx = crate::server::Context::of::<SignInByAuthenticatorCode>().await?;
    let trust = form.trust.is_some();
    Ok(super::server::by_authenticator_code(&cx, &form.attempt, &code, trust).await?)
}

/// Issues a challenge for the passkeys of the pending sign-in's user.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/passkey/begin")]
pub async fn begin_second_factor_passkey(
    #[server(flatten)] form: AttemptForm,
) -> Result<PasskeyChallenge, AppError> {
    let cx = crate::server::Context::of::<BeginSecondFactorPasskey>().await?;
    Ok(super::server::begin_passkey(&cx, &form.attempt).await?)
}

/// The fields of the form for a passkey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SecondFactorPasskeyForm {
    pub attempt: RowId,
    pub token: String,
    pub credential: Secret,
    /// Present if the box is ticked.
    pub trust: Option<String>,
}

/// Completes the sign-in with a passkey.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/passkey")]
pub async fn sign_in_by_second_passkey(
    #[server(flatten)] form: SecondFactorPasskeyForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SignInBySecondPasskey>().await?;
    let response =
        crate::passkey::server::PasskeyResponse { token: form.token, credential: form.credential };
    Ok(super::server::by_passkey(&cx, &form.attempt, &response, form.trust.is_some()).await?)
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

/// Mails a code in place of the second factor.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/mail")]
pub async fn mail_second_factor_code(
    #[server(flatten)] form: AttemptForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<MailSecondFactorCode>().await?;
    super::server::mail_code(&cx, &form.attempt).await?;
    Ok(Done::here(crate::form::Notice::SecondFactorCodeSent))
}

/// The fields of the form for a mailed code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MailedCodeForm {
    pub attempt: RowId,
    pub code: Secret,
}

impl MailedCodeForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { code: fields.text("code").into(), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Code, AppError> {
        self.code.expose().parse().map_err(AppError::from)
    }
}

/// Completes the sign-in with a mailed code.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/mailed-code")]
pub async fn sign_in_by_mailed_code(
    #[server(flatten)] form: MailedCodeForm,
) -> Result<Done, AppError> {
    let code = form.parse()?;
    let cx = crate::server::Context::of::<SignInByMailedCode>().await?;
    Ok(super::server::by_mailed_code(&cx, &form.attempt, &code).await?)
}

/// Names the pending attempt.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AttemptForm {
    pub attempt: RowId,
}

/// Mails a link that removes the user's second factors after the waiting period.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/lost")]
pub async fn report_lost_factors(#[server(flatten)] form: AttemptForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<ReportLostFactors>().await?;
    super::server::request_recovery(&cx, &form.attempt).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::FactorRecoveryRequested))
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

/// Sets up an authenticator app as the second factor that the site requires, and completes the sign-in.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/set-up")]
pub async fn set_up_second_factor(
    #[server(flatten)] form: SetUpFactorForm,
) -> Result<Done, AppError> {
    let app = form.app();
    app.parse()?;
    let cx = crate::server::Context::of::<SetUpSecondFactor>().await?;
    Ok(super::server::set_up_app(&cx, &form.attempt, &app).await?)
}

/// Issues a challenge for the passkey that the site requires.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/set-up-passkey/begin")]
pub async fn begin_required_passkey(
    #[server(flatten)] form: AttemptForm,
) -> Result<PasskeyChallenge, AppError> {
    let cx = crate::server::Context::of::<BeginRequiredPasskey>().await?;
    Ok(super::server::begin_passkey_set_up(&cx, &form.attempt).await?)
}

/// The fields of the form that sets up a passkey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RequiredPasskeyForm {
    pub attempt: RowId,
    pub token: String,
    pub credential: Secret,
}

/// Sets up a passkey as the second factor that the site requires, and completes the sign-in.
#[server(prefix = "/api", endpoint = "sign-in/second-factor/set-up-passkey")]
pub async fn set_up_required_passkey(
    #[server(flatten)] form: RequiredPasskeyForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SetUpRequiredPasskey>().await?;
    let response =
        crate::passkey::server::PasskeyResponse { token: form.token, credential: form.credential };
    Ok(super::server::set_up_passkey(&cx, &form.attempt, &response).await?)
}
