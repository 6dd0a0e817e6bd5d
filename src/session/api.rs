//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::SessionList;
use crate::error::AppError;
use crate::form::{Done, RowId};

/// Lists the viewer's sessions: this browser first, then the most recently seen.
#[server(prefix = "/api", endpoint = "sessions")]
pub async fn list_sessions() -> Result<SessionList, AppError> {
    let cx = crate::server::Context::of::<ListSessions>().await?;
    let user = cx.user().await?;
    Ok(super::server::list(&cx.app, &user).await?)
}

/// Names a session, or a trusted browser.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionForm {
    pub id: RowId,
}

/// Ends one of the viewer's sessions. Ending this browser's own session signs out.
#[server(prefix = "/api", endpoint = "sessions/end")]
pub async fn end_session(#[server(flatten)] form: SessionForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndSession>().await?;
    let user = cx.user().await?;
    if form.id.as_str() == user.session_id {
        super::server::sign_out(&cx).await?;
        return Ok(Done::go("/sign-in").with(crate::form::Notice::SignedOut));
    }
    super::server::end(&cx, &user, form.id.as_str()).await?;
    Ok(Done::here(crate::form::Notice::SessionEnded))
}

/// Ends all of the viewer's sessions except this one.
#[server(prefix = "/api", endpoint = "sessions/end-others")]
pub async fn end_other_sessions() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndOtherSessions>().await?;
    let user = cx.user().await?;
    super::server::end_others(&cx, &user).await?;
    Ok(Done::here(crate::form::Notice::OtherSessionsEnded))
}

/// Stops trusting one of the viewer's browsers.
#[server(prefix = "/api", endpoint = "trusted-browsers/revoke")]
pub async fn revoke_trust(#[server(flatten)] form: SessionForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RevokeTrust>().await?;
    let user = cx.user().await?;
    super::server::trusted::revoke(&cx, &user, Some(form.id.as_str())).await?;
    Ok(Done::here(crate::form::Notice::TrustRevoked))
}

/// Stops trusting all of the viewer's browsers.
#[server(prefix = "/api", endpoint = "trusted-browsers/revoke-all")]
pub async fn revoke_all_trust() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RevokeAllTrust>().await?;
    let user = cx.user().await?;
    super::server::trusted::revoke(&cx, &user, None).await?;
    Ok(Done::here(crate::form::Notice::AllTrustRevoked))
}

/// Ends this browser's session.
#[server(prefix = "/api", endpoint = "sign-out")]
pub async fn sign_out() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SignOut>().await?;
    super::server::sign_out(&cx).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::SignedOut))
}

/// Ends the impersonation of a user.
#[server(prefix = "/api", endpoint = "impersonation/end")]
pub async fn end_impersonation() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndImpersonation>().await?;
    let user = cx.user().await?;
    super::server::impersonation::end(&cx, &user).await?;
    Ok(Done::go("/admin/users").with(crate::form::Notice::ImpersonationEnded))
}
