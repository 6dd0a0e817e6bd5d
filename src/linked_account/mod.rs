//! Linked accounts: which accounts at providers sign in which users. A link is an issuer and its
//! subject, never an email address.

#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use types::*;
