//! Known places: the browsers and the networks that a user signs in from.

#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
