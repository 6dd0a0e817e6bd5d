//! The audit log of all accounts, and the page where users read their own events.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
mod sentence;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::ActivityPage;
pub use sentence::subject;
pub use types::*;
