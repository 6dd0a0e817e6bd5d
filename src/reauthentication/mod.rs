//! "Confirm it is you": before a risky act whoever is signed in proves it again, if that is longer
//! ago than ten minutes.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod types;

pub use api::*;
pub use page::ReauthenticationPage;
pub use types::*;
