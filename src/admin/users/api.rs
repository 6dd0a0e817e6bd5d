//! The server function of the user list.

use leptos::prelude::*;

use super::types::{UserList, UserQuery};
use crate::error::AppError;

/// Returns a page of up to 50 users.
#[server(prefix = "/api", endpoint = "admin/users")]
pub async fn list_users(#[server(flatten)] query: UserQuery) -> Result<UserList, AppError> {
    let cx = crate::server::Context::of::<ListUsers>().await?;
    Ok(super::server::list(&cx.app, query).await?)
}
