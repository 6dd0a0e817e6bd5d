//! Pages that combine several methods or flows: `/sign-in`, `/sign-up`, and `/ticket`, the target
//! of every mailed link.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod pages;
#[cfg(feature = "ssr")]
pub mod server;
pub mod text;

pub use api::*;
pub use pages::{SignInPage, SignUpPage, TicketPage};
