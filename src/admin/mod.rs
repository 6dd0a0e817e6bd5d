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
use crate::lazy_page;

use page::{admin_page, layout};

/// A page of the administration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    /// The rail and the page beside it.
    Layout,
    Overview,
    Users,
    User,
    Invitations,
    Roles,
    Role,
    Audit,
    Mail,
    Providers,
    Limits,
}

lazy_page!(
    /// All pages of the administration are one file that the browser loads when it first goes to one:
    /// who administers goes to many, and nobody else loads what leads to each.
    AdminView(Page) => view
);

fn view(page: Page) -> AnyView {
    match page {
        Page::Layout => layout().into_any(),
        Page::Overview => admin_page().into_any(),
        Page::Users => people::users_page().into_any(),
        Page::User => person::user_page().into_any(),
        Page::Invitations => invitations::invitations_page().into_any(),
        Page::Roles => roles::roles_page().into_any(),
        Page::Role => roles::role_page().into_any(),
        Page::Audit => log::audit_page().into_any(),
        Page::Mail => works::mail_page().into_any(),
        Page::Providers => works::providers_page().into_any(),
        Page::Limits => works::limits_page().into_any(),
    }
}

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
    /// Given up, and still listed by the outbox.
    pub failed_mails: i64,
    /// The last 30, the oldest first.
    pub days: Vec<Day>,
}

/// The site at a glance.
#[server(prefix = "/api", endpoint = "admin/overview")]
pub async fn load_admin_overview() -> Result<AdminOverview, AppError> {
    let cx = crate::server::Context::of::<LoadAdminOverview>().await?;
    Ok(server::overview(&cx.app).await?)
}
