//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::UserView;
use crate::error::AppError;
use crate::form::{Done, RowId};

/// Returns all that the page shows about a user.
#[server(prefix = "/api", endpoint = "admin/user")]
pub async fn load_user(#[server(default)] id: RowId) -> Result<UserView, AppError> {
    let cx = crate::server::Context::of::<LoadUser>().await?;
    let viewer = cx.user().await?;
    Ok(super::server::load(&cx.app, &viewer, id.as_str()).await?)
}

/// Identifies a user and the revision that was shown.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserForm {
    pub id: RowId,
    /// The revision that was shown.
    pub seen: String,
}

/// The form that disables a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DisableForm {
    pub id: RowId,
    pub seen: String,
    pub reason: String,
    /// A day, or empty.
    pub until: String,
}

/// Identifies one of a user's roles, sessions or linked accounts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PartForm {
    pub id: RowId,
    pub seen: String,
    pub part: RowId,
}

/// Disables a user and ends all their sessions.
#[server(prefix = "/api", endpoint = "admin/user/disable")]
pub async fn disable_user(#[server(flatten)] form: DisableForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<DisableUser>().await?;
    super::server::disable(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::UserDisabled))
}

/// Enables a disabled user.
#[server(prefix = "/api", endpoint = "admin/user/enable")]
pub async fn enable_user(#[server(flatten)] form: UserForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EnableUser>().await?;
    super::server::enable(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::UserEnabled))
}

/// Ends one session of a user.
#[server(prefix = "/api", endpoint = "admin/user/end-session")]
pub async fn end_user_session(#[server(flatten)] form: PartForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndUserSession>().await?;
    super::server::end_session(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::SessionEnded))
}

/// Ends all sessions of a user.
#[server(prefix = "/api", endpoint = "admin/user/end-sessions")]
pub async fn end_user_sessions(#[server(flatten)] form: UserForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<EndUserSessions>().await?;
    super::server::end_sessions(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::UserSessionsEnded))
}

/// Mails a user a link to reset the password.
#[server(prefix = "/api", endpoint = "admin/user/password-link")]
pub async fn send_password_link(#[server(flatten)] form: UserForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SendPasswordLink>().await?;
    super::server::send_password_link(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::PasswordLinkSent))
}

/// Unlinks one of a user's linked accounts.
#[server(prefix = "/api", endpoint = "admin/user/unlink")]
pub async fn unlink_user_account(#[server(flatten)] form: PartForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<UnlinkUserAccount>().await?;
    super::server::unlink(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::UserAccountUnlinked))
}

/// Removes one of a user's second factors.
#[server(prefix = "/api", endpoint = "admin/user/remove-factor")]
pub async fn remove_user_factor(#[server(flatten)] form: PartForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RemoveUserFactor>().await?;
    super::server::remove_factor(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::UserFactorRemoved))
}

/// Gives a role to a user.
#[server(prefix = "/api", endpoint = "admin/user/give-role")]
pub async fn assign_role(#[server(flatten)] form: PartForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<AssignRole>().await?;
    super::server::set_role(&cx, &form, true).await?;
    Ok(Done::here(crate::form::Notice::RoleAssigned))
}

/// Removes a role from a user.
#[server(prefix = "/api", endpoint = "admin/user/take-role")]
pub async fn unassign_role(#[server(flatten)] form: PartForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<UnassignRole>().await?;
    super::server::set_role(&cx, &form, false).await?;
    Ok(Done::here(crate::form::Notice::RoleUnassigned))
}

/// Closes an account and deletes it after the grace period.
#[server(prefix = "/api", endpoint = "admin/user/delete")]
pub async fn delete_user(#[server(flatten)] form: UserForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<DeleteUser>().await?;
    super::server::delete(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::UserDeleted))
}

/// Cancels a pending account deletion.
#[server(prefix = "/api", endpoint = "admin/user/restore")]
pub async fn restore_user(#[server(flatten)] form: UserForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RestoreUser>().await?;
    super::server::restore(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::UserRestored))
}

/// Lifts the password lock and the rate limits of a user's account.
#[server(prefix = "/api", endpoint = "admin/user/unlock")]
pub async fn unlock_user(#[server(flatten)] form: UserForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<UnlockUser>().await?;
    super::server::unlock(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::LimitLifted))
}

/// Starts impersonating a user, who is notified by mail.
#[server(prefix = "/api", endpoint = "admin/user/impersonate")]
pub async fn impersonate(#[server(flatten)] form: UserForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<Impersonate>().await?;
    let viewer = cx.user().await?;
    let user_id = form.id.as_str().to_owned().into();
    crate::admin::server::impersonation::start(&cx, &viewer, &user_id).await?;
    Ok(Done::go("/dashboard").with(crate::form::Notice::ImpersonationBegun))
}
