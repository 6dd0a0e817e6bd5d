//! Security notices: mails that tell users what was done to their account, each with a link that says
//! "this was not me" (`recovery` does what follows from that).

#[cfg(feature = "ssr")]
pub mod server;
