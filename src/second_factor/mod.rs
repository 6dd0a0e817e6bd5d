//! The second step of a sign-in: a user whom a first factor identified proves a second one, or sets one up if
//! the site requires it.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
pub mod text;
mod types;

pub use api::*;
pub use page::{AuthenticatorCodeField, RecoveryCodeField, SecondFactorPage};
pub use types::*;
