//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::RoleView;
use crate::error::AppError;
use crate::form::{Done, RowId};

/// Returns all roles.
#[server(prefix = "/api", endpoint = "admin/roles")]
pub async fn list_roles() -> Result<Vec<RoleView>, AppError> {
    let cx = crate::server::Context::of::<ListRoles>().await?;
    let viewer = cx.user().await?;
    Ok(super::server::list(&cx.app, &viewer).await?)
}

/// Returns one role, or an empty one to fill in if `id` is empty.
#[server(prefix = "/api", endpoint = "admin/role")]
pub async fn load_role(#[server(default)] id: RowId) -> Result<RoleView, AppError> {
    let cx = crate::server::Context::of::<LoadRole>().await?;
    let viewer = cx.user().await?;
    Ok(super::server::load(&cx.app, &viewer, id.as_str()).await?)
}

/// The form that creates or changes a role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    /// Empty for a new role.
    pub id: RowId,
    /// The revision that was shown.
    pub seen: String,
    pub name: String,
    pub about: String,
    /// Portcullis' own permissions. An empty list would be sent as one empty word.
    pub own: Vec<String>,
    /// The apps' permissions, separated by lines or spaces.
    pub permissions: String,
}

/// Creates or changes a role.
#[server(prefix = "/api", endpoint = "admin/role/save")]
pub async fn save_role(#[server(flatten)] form: RoleForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SaveRole>().await?;
    let is_new = form.id.as_str().is_empty();
    super::server::save(&cx, &form).await?;
    Ok(Done::go("/admin/roles").with(if is_new {
        crate::form::Notice::RoleCreated
    } else {
        crate::form::Notice::RoleChanged
    }))
}

/// Identifies a role.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleIdForm {
    pub id: RowId,
}

/// Removes a role, and takes it from all users who hold it.
#[server(prefix = "/api", endpoint = "admin/role/remove")]
pub async fn remove_role(#[server(flatten)] form: RoleIdForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RemoveRole>().await?;
    super::server::remove(&cx, form.id.as_str()).await?;
    Ok(Done::go("/admin/roles").with(crate::form::Notice::RoleRemoved))
}
