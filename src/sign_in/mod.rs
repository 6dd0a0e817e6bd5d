//! Signing in: turns proofs into sessions.
//!
//! Methods (`password`, `social`, `mailed_sign_in`) prove who a user is; only this flow starts sessions.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use types::*;
