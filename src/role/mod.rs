//! Roles: who may do what. A role holds permissions, a user holds roles.
//!
//! The permissions of Portcullis itself are a closed list, each a word with a dot. Those of the apps
//! behind it are free, each a word with a colon, so that neither is ever taken for the other.

#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use types::*;
