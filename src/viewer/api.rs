//! The server function.

use leptos::prelude::*;

use crate::error::AppError;
use crate::user::Viewer;

/// Returns the signed-in user.
#[server(prefix = "/api", endpoint = "viewer")]
pub async fn load_viewer() -> Result<Viewer, AppError> {
    let cx = crate::server::Context::of::<LoadViewer>().await?;
    let user = cx.user().await?;
    Ok(super::server::load(&cx.app, &user).await?)
}
