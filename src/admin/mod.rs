//! The administration: users, roles, the audit log and operations.
//!
//! Each page has a module. The acts are functions of the features, which the command line calls too.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
pub mod invitations;
pub mod log;
mod page;
pub mod people;
pub mod person;
pub mod roles;
#[cfg(feature = "ssr")]
pub mod server;
mod types;
pub mod works;

use crate::lazy_page;
use leptos::prelude::*;
use page::{admin_page, layout};

pub use api::*;
pub use types::*;

lazy_page!(
    /// Renders any administration page. All share one file, loaded with the first of them: administrators
    /// visit many, and other users are spared the code that loads each.
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
