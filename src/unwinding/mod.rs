//! Unwinding what was set up in an account before anybody had verified its email address.

#[cfg(feature = "ssr")]
pub mod server;
