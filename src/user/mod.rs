//! Users: who they are, how they are addressed.

#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use types::*;
