//! The security page: everything with which a user signs in, and what would make the account safer.

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
