//! Sessions: each is one signed-in browser and one row. The page lists and ends them.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{
    EndOthersBox, ImpersonationBanner, SessionsPage, SignOutButton, provide_impersonation,
};
pub use types::*;
