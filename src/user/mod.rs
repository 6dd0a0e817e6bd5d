//! Users: who they are, how they are addressed, and the page on which they say so.

mod api;
#[cfg(feature = "ssr")]
pub mod cli;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use page::ProfilePage;
pub use types::*;
