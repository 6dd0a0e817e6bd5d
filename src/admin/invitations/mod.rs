//! `/admin/invitations`: letting people in whom the site would not.

mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use page::invitations_page;
pub use types::*;
