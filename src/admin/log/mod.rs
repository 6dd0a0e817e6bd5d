//! `/admin/audit`: the audit log, with the user and the actor of each event.

mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{LogTable, audit_page};
pub use types::*;
