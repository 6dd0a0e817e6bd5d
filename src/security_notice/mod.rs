//! Security notices: mails that tell users about events in their account. Each has a link that
//! secures the account, which `recovery` handles.

#[cfg(feature = "ssr")]
pub mod server;
