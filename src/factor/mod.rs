//! What the site's policy and a user's second factors require at sign-in. The factors themselves are
//! `authenticator_app` and `recovery_code`.

#[cfg(feature = "ssr")]
pub mod server;
