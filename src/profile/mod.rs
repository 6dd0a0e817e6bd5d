//! The profile: the page where users change their name and the appearance of the pages.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;

pub use api::*;
pub use page::ProfilePage;
