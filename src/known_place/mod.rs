//! Known places: the browsers and networks from which a user signs in.

#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
