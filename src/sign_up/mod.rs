//! Signing up with an email address and a password or a passkey.
//!
//! Never says whether an email address is taken: a new one and a taken one cost the same work and
//! get the same response.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use types::*;
