//! The ways in which a user can sign in.

#[cfg(feature = "ssr")]
pub mod server;
