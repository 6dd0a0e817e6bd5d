//! Mail: what is written to people, and the outbox that it waits in until it is sent.

#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
