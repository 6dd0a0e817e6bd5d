//! `/admin/audit`: what happened, to whom and by whom.

mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use page::{LogTable, audit_page};
pub use types::*;
