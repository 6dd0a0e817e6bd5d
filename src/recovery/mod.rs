//! Account recovery: resetting a password by mail, and securing an account.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;

pub use api::*;
pub use page::{FactorRecoveryForm, NewPasswordForm, NotMeForm, RecoveryPage, provide_recovery};
