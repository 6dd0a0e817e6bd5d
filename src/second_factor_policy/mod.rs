//! Decides whether a sign-in needs a second factor.

#[cfg(feature = "ssr")]
pub mod server;
