//! The administration: users, roles, the audit log and operations.
//!
//! Each page has a module. The actions are functions of the features, which the command line calls too.

mod api;
mod chart;
#[cfg(feature = "ssr")]
pub mod feature;
pub mod invitations;
pub mod log;
pub mod operations;
mod page;
pub mod roles;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;
pub mod user;
pub mod users;

use crate::lazy_page;
use leptos::prelude::*;
use page::{admin_page, layout};

pub use api::*;
pub use types::*;

lazy_page!(
    /// Renders any administration page. All share one file, loaded with the first of them: administrators
    /// visit many, and other users are spared the code that loads each.
    AdminView(AdminPage) => view
);

fn view(page: AdminPage) -> AnyView {
    match page {
        AdminPage::Layout => layout().into_any(),
        AdminPage::Overview => admin_page().into_any(),
        AdminPage::Users => users::users_page().into_any(),
        AdminPage::User => user::user_page().into_any(),
        AdminPage::Invitations => invitations::invitations_page().into_any(),
        AdminPage::Roles => roles::roles_page().into_any(),
        AdminPage::Role => roles::role_page().into_any(),
        AdminPage::Audit => log::audit_page().into_any(),
        AdminPage::Mail => operations::mail_page().into_any(),
        AdminPage::Providers => operations::providers_page().into_any(),
        AdminPage::Limits => operations::limits_page().into_any(),
    }
}
