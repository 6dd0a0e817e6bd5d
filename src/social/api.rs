//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::LinkedAccounts;
use crate::error::AppError;
use crate::form::{Done, RowId};

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
