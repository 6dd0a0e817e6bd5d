//! Recovery codes: ten codes, each of which replaces a lost second factor once (NIST SP 800-63B-4, section
//! 3.1.2, look-up secrets).

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::RecoveryCodesPage;
pub use types::*;
