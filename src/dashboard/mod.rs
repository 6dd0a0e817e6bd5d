//! The dashboard: the layout around its pages, and the overview.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{DashboardLayout, OverviewPage};
pub use types::*;
