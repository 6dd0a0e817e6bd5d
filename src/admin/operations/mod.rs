//! Operations: the outbox, the providers and the limits in force.

mod api;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{limits_page, mail_page, providers_page};
pub use types::*;
