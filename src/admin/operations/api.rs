//! The form and the server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{LimitRows, MailRows, ProviderRow};
use crate::error::AppError;
use crate::form::{Done, RowId};

/// Returns up to 50 mails: the newest, or those before the given one.
#[server(prefix = "/api", endpoint = "admin/mail")]
pub async fn list_mails(#[server(default)] before: RowId) -> Result<MailRows, AppError> {
    let cx = crate::server::Context::of::<ListMails>().await?;
    Ok(super::server::mails(&cx.app, before.as_str()).await?)
}

/// Returns the configured providers.
#[server(prefix = "/api", endpoint = "admin/providers")]
pub async fn list_providers() -> Result<Vec<ProviderRow>, AppError> {
    let cx = crate::server::Context::of::<ListProviders>().await?;
    Ok(super::server::providers(&cx.app).await?)
}

/// Returns the limits in force, at most 200.
#[server(prefix = "/api", endpoint = "admin/limits")]
pub async fn list_limits() -> Result<LimitRows, AppError> {
    let cx = crate::server::Context::of::<ListLimits>().await?;
    Ok(super::server::limits(&cx.app).await?)
}

/// Identifies a limit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitForm {
    /// The limit's name and subject, separated by a space.
    pub part: RowId,
}

/// Lifts a limit by clearing what it has counted.
#[server(prefix = "/api", endpoint = "admin/limits/lift")]
pub async fn lift_limit(#[server(flatten)] form: LimitForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<LiftLimit>().await?;
    super::server::lift(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::LimitLifted))
}
