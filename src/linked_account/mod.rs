//! Linked accounts: provider accounts with which users sign in. A link is identified by issuer and
//! subject, never by an email address.

#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use types::*;
