//! `/admin/user`: one user's whole story, and what may be done to them.

mod acts;
mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use page::user_page;
pub use types::*;
