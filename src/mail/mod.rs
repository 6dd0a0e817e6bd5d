//! Mail: the mails to users, and the outbox that queues them until they are sent.

#[cfg(feature = "ssr")]
pub mod feature;
#[cfg(feature = "ssr")]
pub mod server;
