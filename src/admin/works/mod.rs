//! What runs: the outbox of mails, the providers, and the limits in force.

mod page;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::form::{Done, RowId};

pub use page::{limits_page, mail_page, providers_page};

/// A mail of the outbox. `written_at` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    pub name: String,
    pub recipient: String,
    pub written_at: i64,
    /// What became of it.
    pub state: String,
    /// Why it was not sent; empty where nothing went wrong.
    pub problem: String,
}

/// A page of the outbox, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailRows {
    pub mails: Vec<MailRow>,
    /// The addresses of the first page and of the next one, where this isn't it.
    pub first: Option<String>,
    pub next: Option<String>,
    pub now: i64,
}

/// 50 mails, those before the one that is named.
#[server(prefix = "/api", endpoint = "admin/mail")]
pub async fn list_mails(#[server(default)] before: RowId) -> Result<MailRows, AppError> {
    let cx = crate::server::Context::of::<ListMails>().await?;
    Ok(server::mails(&cx.app, before.as_str()).await?)
}

/// A provider and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRow {
    pub label: String,
    pub protocol: String,
    pub issuer: String,
    pub callback: String,
    pub linked: i64,
    /// Why it is of no use at this moment; the log has more.
    pub is_down: bool,
}

/// The configured providers.
#[server(prefix = "/api", endpoint = "admin/providers")]
pub async fn list_providers() -> Result<Vec<ProviderRow>, AppError> {
    let cx = crate::server::Context::of::<ListProviders>().await?;
    Ok(server::providers(&cx.app).await?)
}

/// A limit that keeps somebody from something now. `until` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitRow {
    /// `sign_in_address` and the like, or `password`.
    pub name: String,
    /// An address or a network, the digest of an account, or nothing for all together.
    pub subject: String,
    /// None where it is until somebody does something.
    pub until: Option<i64>,
}

/// The limits in force, and what time it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LimitRows {
    pub limits: Vec<LimitRow>,
    pub now: i64,
}

/// The limits in force; at most 200.
#[server(prefix = "/api", endpoint = "admin/limits")]
pub async fn list_limits() -> Result<LimitRows, AppError> {
    let cx = crate::server::Context::of::<ListLimits>().await?;
    Ok(server::limits(&cx.app).await?)
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
    server::lift(&cx, &form).await?;
    Ok(Done::here(crate::form::Notice::LimitLifted))
}
