//! Tickets: one-time secrets that are sent by mail, and the page that their links open.
//!
//! Opening a link changes nothing, because mail scanners open links too: the link leads to a page with a
//! button.

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
