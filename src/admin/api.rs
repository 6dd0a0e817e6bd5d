//! The server function of the overview.

use leptos::prelude::*;

use super::types::AdminOverview;
use crate::error::AppError;

/// Returns the numbers of the overview.
#[server(prefix = "/api", endpoint = "admin/overview")]
pub async fn load_admin_overview() -> Result<AdminOverview, AppError> {
    let cx = crate::server::Context::of::<LoadAdminOverview>().await?;
    Ok(super::server::overview(&cx.app).await?)
}
