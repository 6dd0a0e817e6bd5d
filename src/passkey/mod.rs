//! Passkeys (WebAuthn level 3): keys in a device or a password manager, which prove both that someone has them and
//! that a person unlocked them.

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
