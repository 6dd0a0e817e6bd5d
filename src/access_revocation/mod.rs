//! Removes everything that was set up in an account before its email address was verified.

#[cfg(feature = "ssr")]
pub mod server;
