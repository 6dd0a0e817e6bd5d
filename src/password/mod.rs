//! Passwords: the policy, the hashing, and the form to change one.
//!
//! A *new* password must meet the policy; an *attempted* one is a [`Secret`] and is only compared.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod field;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use field::NewPasswordField;
pub use page::{PasswordCard, provide_password};
pub use types::*;
