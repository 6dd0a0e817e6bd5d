//! Security notices: mails that tell users about events in their account. Each has a link that says "this was
//! not me", which `recovery` handles.

#[cfg(feature = "ssr")]
pub mod server;
