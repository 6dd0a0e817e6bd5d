//! The server function of the overview.

use leptos::prelude::*;

use super::types::Overview;
use crate::error::AppError;

/// The viewer's account at a glance.
#[server(prefix = "/api", endpoint = "overview")]
pub async fn load_overview() -> Result<Overview, AppError> {
    let cx = crate::server::Context::of::<LoadOverview>().await?;
    let user = cx.user().await?;
    Ok(super::server::overview(&cx.app, &user))
}
