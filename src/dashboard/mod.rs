//! The dashboard: what stands around its pages, and the first of them.

mod page;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

pub use page::{CurrentViewer, DashboardLayout, OverviewPage};

/// The viewer's account at a glance. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub name: String,
    pub email: Option<String>,
    pub signed_in_at: i64,
    /// None where there is no password.
    pub password_changed_at: Option<i64>,
    pub linked_accounts: i64,
    pub sessions: i64,
    pub now: i64,
}

/// The viewer's account at a glance.
#[server(prefix = "/api", endpoint = "overview")]
pub async fn load_overview() -> Result<Overview, AppError> {
    let cx = crate::server::Context::of::<LoadOverview>().await?;
    let user = cx.user().await?;
    Ok(server::overview(&cx.app, &user))
}
