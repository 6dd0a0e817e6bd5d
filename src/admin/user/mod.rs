//! `/admin/user`: the details of one user, and the actions on that user.

mod actions;
mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::user_page;
pub use types::*;
