//! Users: their email addresses, names and accounts.

#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use types::*;
