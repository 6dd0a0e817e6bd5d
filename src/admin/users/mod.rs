//! `/admin/users`: listing and searching users.

mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{badges, users_page};
pub use types::*;
