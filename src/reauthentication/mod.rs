//! "Confirm your identity": before a risky action, the signed-in user must confirm their identity if
//! they last did so more than ten minutes ago.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::ReauthenticationPage;
pub use types::*;
