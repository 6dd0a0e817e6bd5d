//! Tickets: one-time secrets that were mailed, and the page that their links lead to.
//!
//! A link changes nothing by being opened, since programs that look through mail open links too: it
//! leads to a page with a button.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use types::*;
