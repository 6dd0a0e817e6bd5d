//! Sessions: one signed-in browser each, one row each, and the page on which they are ended.

#[cfg(feature = "ssr")]
pub mod cli;
mod page;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::form::{Done, RowId};
use crate::proof::{Method, listed};

pub use page::{ImpersonationBanner, SessionsPage, SignOutButton, provide_impersonation};

/// One of the viewer's sessions, as the page shows it. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Names the session in forms; says nothing about its cookie.
    pub id: String,
    pub browser: String,
    pub system: String,
    pub address: String,
    pub created_at: i64,
    pub seen_at: i64,
    /// How its user proved who they are; empty in a session that is older than this record.
    pub methods: Vec<Method>,
    pub is_this_browser: bool,
}

impl SessionView {
    /// The beginning of a sentence that a moment ends, such as `Signed in with password, GitHub`.
    #[must_use]
    pub fn signed_in_with(&self) -> String {
        match self.methods.as_slice() {
            [] => "Signed in".to_owned(),
            methods => format!("Signed in with {}", listed(methods)),
        }
    }
}

/// The viewer's sessions, and what time it is where they were read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionList {
    pub sessions: Vec<SessionView>,
    pub now: i64,
}

/// The viewer's sessions: this browser first, then the one seen last.
#[server(prefix = "/api", endpoint = "sessions")]
pub async fn list_sessions() -> Result<SessionList, AppError> {
    let cx = crate::server::Context::of::<ListSessions>().await?;
    let user = cx.user().await?;
    Ok(server::list(&cx.app, &user).await?)
}

/// Names the session to end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionForm {
    pub id: RowId,
}

/// Ends one of the viewer's sessions; ending this browser's own is signing out.
#[server(prefix = "/api", endpoint = "sessions/end")]
pub async fn end_session(#[server(flatten)] form: SessionForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndSession>().await?;
    let user = cx.user().await?;
    if form.id.as_str() == user.session_id {
        server::sign_out(&cx).await?;
        return Ok(Done::go("/sign-in").with(crate::form::Notice::SignedOut));
    }
    server::end(&cx, &user, form.id.as_str()).await?;
    Ok(Done::here(crate::form::Notice::SessionEnded))
}

/// Ends all of the viewer's sessions but this one.
#[server(prefix = "/api", endpoint = "sessions/end-others")]
pub async fn end_other_sessions() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndOtherSessions>().await?;
    let user = cx.user().await?;
    server::end_others(&cx, &user).await?;
    Ok(Done::here(crate::form::Notice::OtherSessionsEnded))
}

/// Ends this browser's session.
#[server(prefix = "/api", endpoint = "sign-out")]
pub async fn sign_out() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SignOut>().await?;
    server::sign_out(&cx).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::SignedOut))
}

/// Goes back from using the site as somebody else.
#[server(prefix = "/api", endpoint = "impersonation/end")]
pub async fn end_impersonation() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndImpersonation>().await?;
    let user = cx.user().await?;
    server::impersonation::end(&cx, &user).await?;
    Ok(Done::go("/admin/users").with(crate::form::Notice::ImpersonationEnded))
}
