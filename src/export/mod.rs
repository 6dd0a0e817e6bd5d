//! Everything that is held about oneself, as one JSON file.

#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;

pub use page::ExportCard;

/// Where the file is asked for, by a form's post: it asks who it is first where that is long ago.
pub const PATH: &str = "/api/export";
