//! Proofs: how users show who they are. Methods bring them, and `sign_in` decides what they lead to.

#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use types::*;
