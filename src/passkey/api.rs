//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{PasskeyChallenge, PasskeySignal};
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::secret::Secret;
use crate::user::{DisplayName, DisplayNameProblem};

/// Issues a challenge for the passkey of any account.
#[server(prefix = "/api", endpoint = "sign-in/passkey/begin")]
pub async fn begin_passkey_sign_in() -> Result<PasskeyChallenge, AppError> {
    let cx = crate::server::Context::of::<BeginPasskeySignIn>().await?;
    Ok(super::server::begin_sign_in(&cx)?)
}

/// The fields of the form that signs in with a passkey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PasskeySignInForm {
    pub token: String,
    pub credential: Secret,
    /// Present if the box is ticked.
    pub remember: Option<String>,
    pub next: String,
}

/// Signs in the owner of a passkey.
#[server(prefix = "/api", endpoint = "sign-in/passkey")]
pub async fn sign_in_by_passkey(
    #[server(flatten)] form: PasskeySignInForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SignInByPasskey>().await?;
    let intent = crate::sign_in::server::Intent::sign_in(&form.next, form.remember.is_some());
    let response =
        super::server::PasskeyResponse { token: form.token, credential: form.credential };
    Ok(super::server::sign_in(&cx, &response, intent).await?)
}

/// Issues a challenge for a new passkey of the signed-in user.
#[server(prefix = "/api", endpoint = "passkeys/begin")]
pub async fn begin_passkey() -> Result<PasskeyChallenge, AppError> {
    let cx = crate::server::Context::of::<BeginPasskey>().await?;
    let user = cx.user().await?;
    Ok(super::server::begin(&cx, &user).await?)
}

/// The fields of the form that adds a passkey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewPasskeyForm {
    pub token: String,
    pub credential: Secret,
    pub passkey_name: String,
    /// Present if the box is ticked.
    pub end_others: Option<String>,
}

impl NewPasskeyForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { passkey_name: fields.text("passkey_name"), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else. The name may be left
    /// out.
    pub fn parse(&self) -> Result<Option<DisplayName>, AppError> {
        if self.passkey_name.trim().is_empty() {
            Ok(None)
        } else {
            parse_name(&self.passkey_name).map(Some)
        }
    }
}

fn parse_name(text: &str) -> Result<DisplayName, AppError> {
    text.parse().map_err(|it: DisplayNameProblem| {
        AppError::Invalid(Problems { passkey_name: Some(it), ..Problems::default() })
    })
}

/// Adds the passkey that the browser has created.
#[server(prefix = "/api", endpoint = "passkeys/add")]
pub async fn add_passkey(#[server(flatten)] form: NewPasskeyForm) -> Result<Done, AppError> {
    let name = form.parse()?;
    let cx = crate::server::Context::of::<AddPasskey>().await?;
    let user = cx.user().await?;
    let response =
        super::server::PasskeyResponse { token: form.token, credential: form.credential };
    let choices = (name.as_ref(), form.end_others.is_some());
    super::server::add(&cx, &user, &response, choices).await?;
    let accepts_codes = cx.app.config.second_factor.accept.includes_codes();
    let next = if user.has_second_factor() || !accepts_codes {
        crate::paths::SECURITY_PAGE
    } else {
        crate::paths::RECOVERY_CODES_PAGE
    };
    Ok(Done::go(next).with(crate::form::Notice::PasskeyAdded))
}

/// Issues a challenge for a passkey that the browser creates by itself; `None` if it should not.
#[server(prefix = "/api", endpoint = "passkeys/begin-automatically")]
pub async fn begin_automatic_passkey() -> Result<Option<PasskeyChallenge>, AppError> {
    let cx = crate::server::Context::of::<BeginAutomaticPasskey>().await?;
    let user = cx.user().await?;
    Ok(super::server::begin_automatically(&cx, &user).await?)
}

/// Adds the passkey that the browser has created by itself.
#[server(prefix = "/api", endpoint = "passkeys/add-automatically")]
pub async fn add_automatic_passkey(
    #[server(default)] token: String,
    #[server(default)] credential: Secret,
) -> Result<(), AppError> {
    let cx = crate::server::Context::of::<AddAutomaticPasskey>().await?;
    let user = cx.user().await?;
    let response = super::server::PasskeyResponse { token, credential };
    Ok(super::server::add_automatically(&cx, &user, &response).await?)
}

/// The passkey to rename, and its new name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RenamePasskeyForm {
    pub id: RowId,
    pub passkey_name: String,
}

impl RenamePasskeyForm {
    /// Validates the form on the server.
    pub fn parse(&self) -> Result<DisplayName, AppError> {
        let typed = self.passkey_name.trim();
        parse_name(if typed.is_empty() { super::text::DEFAULT_NAME } else { typed })
    }
}

/// Renames one of the user's passkeys.
#[server(prefix = "/api", endpoint = "passkeys/rename")]
pub async fn rename_passkey(#[server(flatten)] form: RenamePasskeyForm) -> Result<Done, AppError> {
    let name = form.parse()?;
    let cx = crate::server::Context::of::<RenamePasskey>().await?;
    let user = cx.user().await?;
    super::server::rename(&cx, &user, form.id.as_str(), &name).await?;
    Ok(Done::here(crate::form::Notice::PasskeyRenamed))
}

/// The passkey to remove or enable.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangePasskeyForm {
    pub id: RowId,
    /// Present if the box is ticked.
    pub end_others: Option<String>,
}

/// Removes one of the user's passkeys.
#[server(prefix = "/api", endpoint = "passkeys/remove")]
pub async fn remove_passkey(#[server(flatten)] form: ChangePasskeyForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RemovePasskey>().await?;
    let user = cx.user().await?;
    super::server::remove(&cx, &user, form.id.as_str(), form.end_others.is_some()).await?;
    Ok(Done::here(crate::form::Notice::PasskeyRemoved))
}

/// Enables a passkey that was disabled because it may have been copied.
#[server(prefix = "/api", endpoint = "passkeys/enable")]
pub async fn enable_passkey(#[server(flatten)] form: ChangePasskeyForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EnablePasskey>().await?;
    let user = cx.user().await?;
    super::server::enable(&cx, &user, form.id.as_str(), form.end_others.is_some()).await?;
    Ok(Done::here(crate::form::Notice::PasskeyEnabled))
}

/// Returns what authenticators should know about the user; `None` before the first passkey. Set `tells_removal` after a
/// removal in this browser: the list then omits removed passkeys.
#[server(prefix = "/api", endpoint = "passkeys/signal")]
pub async fn load_passkey_signal(
    #[server(default)] tells_removal: bool,
) -> Result<Option<PasskeySignal>, AppError> {
    let cx = crate::server::Context::of::<LoadPasskeySignal>().await?;
    let user = cx.user().await?;
    Ok(super::server::signal(&cx.app, &user, tells_removal).await?)
}
