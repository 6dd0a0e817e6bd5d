//! The server function of the page.

use leptos::prelude::*;

use super::types::ActivityList;
use crate::error::AppError;
use crate::form::RowId;

/// Lists 50 of the viewer's own events: those before the named one.
#[server(prefix = "/api", endpoint = "activity")]
pub async fn list_activity(#[server(default)] before: RowId) -> Result<ActivityList, AppError> {
    let cx = crate::server::Context::of::<ListActivity>().await?;
    let user = cx.user().await?;
    Ok(super::server::list(&cx.app, &user.user_id, before.as_str()).await?)
}
