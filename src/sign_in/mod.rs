//! Signing in: what proofs lead to.
//!
//! Methods (`password`, `social`, `mailed_sign_in`) prove who it is; only this flow signs anyone in.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use types::*;
