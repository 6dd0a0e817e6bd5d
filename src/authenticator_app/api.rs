//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{AuthenticatorCode, AuthenticatorCodeProblem, AuthenticatorSetUp};
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::secret::Secret;
use crate::user::DisplayName;

/// The fields of the form that adds an authenticator app.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthenticatorAppForm {
    /// The offered key, encrypted.
    pub token: String,
    pub app_name: String,
    pub app_code: Secret,
    /// Present if the box is ticked.
    pub end_others: Option<String>,
}

impl AuthenticatorAppForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            app_name: fields.text("app_name"),
            app_code: fields.text("app_code").into(),
            ..Self::default()
        }
    }

    /// Validates the form in the browser before sending, and on the server before anything else. An app without
    /// a name gets a common one.
    pub fn parse(&self) -> Result<(AuthenticatorCode, DisplayName), AppError> {
        let code = self.app_code.expose().parse::<AuthenticatorCode>();
        let typed = self.app_name.trim();
        let name = if typed.is_empty() { super::text::DEFAULT_NAME } else { typed };
        match (code, name.parse::<DisplayName>()) {
            (Ok(code), Ok(name)) => Ok((code, name)),
            (code, name) => Err(AppError::Invalid(Problems {
                app_code: code.err(),
                app_name: name.err(),
                ..Problems::default()
            })),
        }
    }
}

impl From<AuthenticatorCodeProblem> for AppError {
    fn from(problem: AuthenticatorCodeProblem) -> Self {
        Self::Invalid(Problems { app_code: Some(problem), ..Problems::default() })
    }
}

/// Returns a key for a new authenticator app: the one in `token` if it is valid, otherwise a new one.
#[server(prefix = "/api", endpoint = "authenticator-apps/offer")]
pub async fn offer_authenticator_app(
    #[server(default)] token: String,
) -> Result<AuthenticatorSetUp, AppError> {
    let cx = crate::server::Context::of::<OfferAuthenticatorApp>().await?;
    let user = cx.user().await?;
    user.require_fresh(&cx.app)?;
    crate::second_factor_policy::server::require_codes_accepted(&cx.app)?;
    let account = user.email.as_deref().unwrap_or_default();
    Ok(super::server::offer(&cx.app, &user.user_id, account, &token)?)
}

/// Adds an authenticator app after checking its first code.
#[server(prefix = "/api", endpoint = "authenticator-apps/add")]
pub async fn add_authenticator_app(
    #[server(flatten)] form: AuthenticatorAppForm,
) -> Result<Done, AppError> {
    form.parse()?;
    let cx = crate::server::Context::of::<AddAuthenticatorApp>().await?;
    let user = cx.user().await?;
    super::server::add(&cx, &user, &form).await?;
    let next = if user.has_second_factor() {
        crate::paths::SECURITY_PAGE
    } else {
        crate::paths::RECOVERY_CODES_PAGE
    };
    Ok(Done::go(next).with(crate::form::Notice::AuthenticatorAppAdded))
}

/// The authenticator app to remove.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoveAuthenticatorForm {
    pub id: RowId,
    /// Present if the box is ticked.
    pub end_others: Option<String>,
}

/// Removes one of the user's authenticator apps.
#[server(prefix = "/api", endpoint = "authenticator-apps/remove")]
pub async fn remove_authenticator_app(
    #[server(flatten)] form: RemoveAuthenticatorForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RemoveAuthenticatorApp>().await?;
    let user = cx.user().await?;
    super::server::remove(&cx, &user, form.id.as_str(), form.end_others.is_some()).await?;
    Ok(Done::here(crate::form::Notice::AuthenticatorAppRemoved))
}
