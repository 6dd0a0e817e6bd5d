//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::InvitationList;
use crate::error::{AppError, Problems};
use crate::form::{Done, RowId};
use crate::user::Email;

/// The invitations that can still be used, the newest first; at most 200.
#[server(prefix = "/api", endpoint = "admin/invitations")]
pub async fn list_invitations() -> Result<InvitationList, AppError> {
    let cx = crate::server::Context::of::<ListInvitations>().await?;
    let viewer = cx.user().await?;
    Ok(super::server::list(&cx.app, &viewer).await?)
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
    super::server::invite(&cx, &email, form.role.as_str()).await?;
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
    super::server::withdraw(&cx, form.part.as_str()).await?;
    Ok(Done::here(crate::form::Notice::InvitationWithdrawn))
}
