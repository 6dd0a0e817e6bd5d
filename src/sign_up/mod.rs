//! Signing up with an address and a password.
//!
//! Never says whether an address is taken: a new one and a taken one cost the same work and get the
//! same answer.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use types::*;
