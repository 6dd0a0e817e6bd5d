//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::InvitationList;
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::user::Email;

/// Returns the usable invitations, newest first, at most 200.
#[server(prefix = "/api", endpoint = "admin/invitations")]
pub async fn list_invitations() -> Result<InvitationList, AppError> {
    let cx = crate::server::Context::of::<ListInvitations>().await?;
    let viewer = cx.user().await?;
    Ok(super::server::list(&cx.app, &viewer).await?)
}

/// The form that invites a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InvitationForm {
    pub email: String,
    /// A role's id, or empty.
    pub role: RowId,
}

impl InvitationForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { email: fields.text("email"), ..Self::default() }
    }

    /// Validates the form: in the browser before sending, and on the server before anything else.
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

/// Identifies an invitation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WithdrawalForm {
    /// The invitation's id.
    pub part: RowId,
}

/// Withdraws an invitation: its link no longer works.
#[server(prefix = "/api", endpoint = "admin/invitations/withdraw")]
pub async fn withdraw_invitation(
    #[server(flatten)] form: WithdrawalForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<WithdrawInvitation>().await?;
    super::server::withdraw(&cx, form.part.as_str()).await?;
    Ok(Done::here(crate::form::Notice::InvitationWithdrawn))
}
