//! The administration: users and their roles, what happened, and what runs.
//!
//! Its rooms are one for each page. What they do is done by the functions of the features themselves,
//! which the command line calls too.

pub mod invitations;
pub mod log;
mod page;
pub mod people;
pub mod person;
pub mod roles;
#[cfg(feature = "ssr")]
pub mod server;
pub mod works;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

pub use page::{AdminLayout, AdminPage};

/// How many sign-ins of a day there were and how many were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Its beginning in UTC, in Unix seconds.
    pub at: i64,
    pub signed_in: i64,
    pub refused: i64,
}

/// The site at a glance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdminOverview {
    pub users: i64,
    pub disabled: i64,
    pub unverified: i64,
    pub sessions: i64,
    pub waiting_mails: i64,
    /// The last 30, the oldest first.
    pub days: Vec<Day>,
}

/// The site at a glance.
#[server(prefix = "/api", endpoint = "admin/overview")]
pub async fn load_admin_overview() -> Result<AdminOverview, AppError> {
    let cx = crate::server::Context::current()?;
    Ok(server::overview(&cx.app).await?)
}
