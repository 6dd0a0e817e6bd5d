//! The security page: password, passkeys, authenticator apps, recovery codes, trusted browsers and one suggestion.

mod actions;
mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::SecurityPage;
pub use types::*;
