//! Authenticator apps: second factors that show a new code every 30 seconds (TOTP, RFC 6238).

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{AddAuthenticatorAppPage, SetUpFields};
pub use types::*;
