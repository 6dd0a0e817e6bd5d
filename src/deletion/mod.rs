//! Account deletion: it stays pending for a time in which signing in cancels it.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;

pub use api::*;
pub use page::DeletionCard;
