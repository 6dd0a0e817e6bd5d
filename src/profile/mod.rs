//! The profile: the page on which users say who they are and how pages look to them.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;

pub use api::*;
pub use page::ProfilePage;
