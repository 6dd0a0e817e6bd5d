//! Leaving: an account is deleted after a time in which signing in undoes it.

mod page;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;

use crate::error::AppError;
use crate::form::Done;

pub use page::DeletionCard;

/// Marks the viewer's account for deletion, and ends all its sessions.
#[server(prefix = "/api", endpoint = "deletion/ask")]
pub async fn ask_deletion() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<AskDeletion>().await?;
    let user = cx.user().await?;
    server::ask(&cx, &user).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::DeletionAsked))
}
