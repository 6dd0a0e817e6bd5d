//! A user's ways to sign in.

#[cfg(feature = "ssr")]
pub mod server;
