//! Sessions: one signed-in browser each, one row each, and the page on which they are ended.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use page::{ImpersonationBanner, SessionsPage, SignOutButton, provide_impersonation};
pub use types::*;
