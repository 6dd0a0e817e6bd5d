//! The server function that requests account deletion.

use leptos::prelude::*;

use crate::error::AppError;
use crate::form::Done;

/// Schedules the deletion of the viewer's account, and ends all its sessions.
#[server(prefix = "/api", endpoint = "deletion/ask")]
pub async fn request_deletion() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<RequestDeletion>().await?;
    let user = cx.user().await?;
    super::server::schedule(&cx, &user).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::DeletionScheduled))
}
