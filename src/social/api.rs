//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{Added, LinkedAccounts, UnfinishedSignUp};
use crate::error::{AppError, Problems};
use crate::form::{Done, RowId};
use crate::user::{DisplayName, Email};

/// The fields of a provider's button.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderForm {
    pub provider: String,
    pub next: String,
}

/// Sends the visitor to a provider to sign in.
#[server(prefix = "/api", endpoint = "sign-in/social")]
pub async fn begin_sign_in(#[server(flatten)] form: ProviderForm) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent};
    let cx = crate::server::Context::of::<BeginSignIn>().await?;
    let attempt = Attempt::new(Intent::sign_in(&form.next, false));
    Ok(Done::go(super::server::begin(&cx, &form.provider, &attempt).await?))
}

/// Sends the user to a provider to link an account there.
#[server(prefix = "/api", endpoint = "linked-accounts/link")]
pub async fn link_account(#[server(flatten)] form: ProviderForm) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent};
    let cx = crate::server::Context::of::<LinkAccount>().await?;
    let user = cx.user().await?;
    user.require_fresh(&cx.app)?;
    let attempt = Attempt::of(Intent::Link, &user);
    Ok(Done::go(super::server::begin(&cx, &form.provider, &attempt).await?))
}

/// Sends the user to a provider to confirm their identity.
#[server(prefix = "/api", endpoint = "reauthentication/provider")]
pub async fn reauthenticate_at(#[server(flatten)] form: ProviderForm) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent};
    let cx = crate::server::Context::of::<ReauthenticateAt>().await?;
    let user = cx.user().await?;
    let attempt = Attempt::of(Intent::reauthenticate(&form.next), &user);
    Ok(Done::go(super::server::begin(&cx, &form.provider, &attempt).await?))
}

/// The linked account to unlink.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UnlinkForm {
    pub id: RowId,
}

/// Unlinks an account, unless it is the last way to sign in, or the only second factor of a user who needs one.
#[server(prefix = "/api", endpoint = "linked-accounts/unlink")]
pub async fn unlink_account(#[server(flatten)] form: UnlinkForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<UnlinkAccount>().await?;
    let user = cx.user().await?;
    super::server::unlink(&cx, &user, form.id.as_str()).await?;
    Ok(Done::here(crate::form::Notice::Unlinked))
}

/// Returns the user's linked accounts.
#[server(prefix = "/api", endpoint = "linked-accounts")]
pub async fn list_linked_accounts() -> Result<LinkedAccounts, AppError> {
    let cx = crate::server::Context::of::<ListLinkedAccounts>().await?;
    let user = cx.user().await?;
    Ok(super::server::list(&cx.app, &user).await?)
}

/// Returns what the form of the browser's unfinished sign-up asks for.
#[server(prefix = "/api", endpoint = "sign-up/unfinished")]
pub async fn load_unfinished() -> Result<UnfinishedSignUp, AppError> {
    let cx = crate::server::Context::of::<LoadUnfinished>().await?;
    Ok(super::server::unfinished(&cx).await?)
}

/// The fields of the form that asks for what a provider did not say. Those that it does not show are ignored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FinishSignUpForm {
    pub email: String,
    pub display_name: String,
    /// Set if the user agrees to the terms.
    pub terms: Option<String>,
}

impl FinishSignUpForm {
    /// Validates the fields that the form asks for.
    pub fn parse(&self, asks_email: bool, asks_name: bool) -> Result<Added, AppError> {
        let email = asks_email.then(|| self.email.parse::<Email>()).transpose();
        let name = asks_name.then(|| self.display_name.parse::<DisplayName>()).transpose();
        match (email, name) {
            (Ok(email), Ok(name)) => Ok(Added { email, name }),
            (email, name) => Err(AppError::Invalid(Problems {
                email: email.err(),
                display_name: name.err(),
                ..Problems::default()
            })),
        }
    }
}

/// Creates the account of the browser's unfinished sign-up and signs its user in.
#[server(prefix = "/api", endpoint = "sign-up/finish")]
pub async fn finish_sign_up(#[server(flatten)] form: FinishSignUpForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<FinishSignUp>().await?;
    Ok(super::server::finish(&cx, &form).await?)
}
