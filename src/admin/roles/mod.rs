//! `/admin/roles` and `/admin/role`: creating, changing and removing roles.

mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{role_page, roles_page};
pub use types::*;
