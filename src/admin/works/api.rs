//! The form and the server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{LimitRows, MailRows, ProviderRow};
use crate::error::AppError;
use crate::form::{Done, RowId};

/// 50 mails, those before the one that is named.
#[server(prefix = "/api", endpoint = "admin/mail")]
pub async fn list_mails(#[server(default)] before: RowId) -> Result<MailRows, AppError> {
    let cx = crate::server::Context::of::<ListMails>().await?;
    Ok(super::server::mails(&cx.app, before.as_str()).await?)
}

/// The configured providers.
#[server(prefix = "/api", endpoint = "admin/providers")]
pub async fn list_providers() -> Result<Vec<ProviderRow>, AppError> {
    let cx = crate::server::Context::of::<ListProviders>().await?;
    Ok(super::server::providers(&cx.app).await?)
}

/// The limits in force; at most 200.
#[server(prefix = "/api", endpoint = "admin/limits")]
pub async fn list_limits() -> Result<LimitRows, AppError> {
    let cx = crate::server::Context::of::<ListLimits>().await?;
    Ok(super::server::limits(&cx.app).await?)
}

/// Names a limit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitForm {
    /// Its name and its subject, with a space between.
    pub part: RowId,
}

/// Forgets what was used up of a limit.
#[server(prefix = "/api", endpoint = "admin/limits/lift")]
pub async fn lift_limit(#[server(flatten)] form: LimitForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<LiftLimit>().await?;
    super::server::lift(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::LimitLifted))
}
