//! Exports all data about a user, as one JSON file.

#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;
mod text;

pub use page::ExportCard;

/// The path that a form posts to. A user who confirmed their identity long ago must do so again first.
pub const PATH: &str = "/api/export";
