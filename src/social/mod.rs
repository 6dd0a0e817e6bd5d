//! Social sign-in: OAuth 2.0 and OpenID Connect providers, and the accounts linked to a user.
//!
//! A link is identified by issuer and subject, never by an email address.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod pages;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use pages::{
    ReauthenticationButtons, SocialButtons, SocialPage, SocialView,
    provide_reauthentication_buttons,
};
pub use types::*;
