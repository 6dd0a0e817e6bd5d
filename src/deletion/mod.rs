//! Leaving: an account is deleted after a time in which signing in undoes it.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;

pub use api::*;
pub use page::DeletionCard;
