//! Signing in by mail, with a link or six digits, in the browser that asked. Off unless the
//! operator enables it, because access to the mailbox is enough to sign in.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;
mod types;

pub use api::*;
pub use page::{MailedSignInStep, MailedSignInView, SignInLinkForm, provide_sign_in_link};
pub use types::*;
