//! The server function of the overview.

use leptos::prelude::*;

use super::types::Overview;
use crate::error::AppError;

/// Returns the overview of the viewer's account.
#[server(prefix = "/api", endpoint = "overview")]
pub async fn load_overview() -> Result<Overview, AppError> {
    let cx = crate::server::Context::of::<LoadOverview>().await?;
    let user = cx.user().await?;
    Ok(super::server::overview(&cx.app, &user))
}
