//! Passkeys (WebAuthn level 3): key pairs on a device or in a password manager. Using one proves both possession and
//! that its user unlocked it.

mod api;
mod browser;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{
    AddPasskeyPage, PasskeyButton, SignInWithPasskey, answer, keep_authenticators_current,
};
pub use types::*;
