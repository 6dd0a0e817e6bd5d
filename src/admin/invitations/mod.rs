//! `/admin/invitations`: letting people in whom the site would not.

mod page;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::{Done, RowId};
use crate::user::Email;

pub use page::invitations_page;

/// An invitation that can still be used. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    pub id: String,
    pub address: String,
    /// The name of the role that it brings.
    pub role: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
}

/// All of them, and the roles that the viewer may give with one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvitationList {
    pub invitations: Vec<InvitationView>,
    /// By id and name.
    pub roles: Vec<(String, String)>,
    pub now: i64,
}

/// The invitations that can still be used, the newest first; at most 200.
#[server(prefix = "/api", endpoint = "admin/invitations")]
pub async fn list_invitations() -> Result<InvitationList, AppError> {
    let cx = crate::server::Context::of::<ListInvitations>().await?;
    let viewer = cx.user().await?;
    Ok(server::list(&cx.app, &viewer).await?)
}

/// Whom to invite.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InvitationForm {
    pub email: String,
    /// The id of a role, or nothing.
    pub role: RowId,
}

impl InvitationForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Email, AppError> {
        self.email.parse().map_err(|problem| {
            AppError::Invalid(Problems { email: Some(problem), ..Problems::default() })
        })
    }
}

/// Mails an invitation.
#[server(prefix = "/api", endpoint = "admin/invitations/invite")]
pub async fn invite_user(#[server(flatten)] form: InvitationForm) -> Result<Done, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<InviteUser>().await?;
    server::invite(&cx, &email, form.role.as_str()).await?;
    Ok(Done::here(crate::form::Notice::Invited))
}

/// Names an invitation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WithdrawalForm {
    /// Its id.
    pub part: RowId,
}

/// Makes an invitation useless.
#[server(prefix = "/api", endpoint = "admin/invitations/withdraw")]
pub async fn withdraw_invitation(
    #[server(flatten)] form: WithdrawalForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<WithdrawInvitation>().await?;
    server::withdraw(&cx, form.part.as_str()).await?;
    Ok(Done::here(crate::form::Notice::InvitationWithdrawn))
}
