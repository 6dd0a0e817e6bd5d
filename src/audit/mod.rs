//! The audit log: what happened to accounts, and the page on which each reads their own.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use page::ActivityPage;
pub use types::*;
