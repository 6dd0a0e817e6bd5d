//! The viewer: the signed-in user, as pages show them.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;

pub use api::*;
pub use page::CurrentViewer;
