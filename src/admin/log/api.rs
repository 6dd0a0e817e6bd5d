//! The server function of the audit log page.

use leptos::prelude::*;

use super::types::{LogList, LogQuery};
use crate::error::AppError;

/// Returns a page of up to 50 events.
#[server(prefix = "/api", endpoint = "admin/audit")]
pub async fn list_audit(#[server(flatten)] query: LogQuery) -> Result<LogList, AppError> {
    let cx = crate::server::Context::of::<ListAudit>().await?;
    Ok(super::server::list(&cx.app, query).await?)
}
