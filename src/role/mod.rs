//! Roles: a role holds permissions, and a user holds roles.
//!
//! The permissions of Portcullis itself are a closed list of words with a dot. Those of the apps behind it
//! are free-form words with a colon, so that neither is ever mistaken for the other.

#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use types::*;
