//! `/admin/invitations`: inviting users whom the site would not let sign up.

mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::invitations_page;
pub use types::*;
