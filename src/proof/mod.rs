//! Proofs of users' identities. Methods make them, and `sign_in` acts on them.

#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use types::*;
