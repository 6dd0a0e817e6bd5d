//! The pages that put several methods or flows together: `/sign-in`, `/sign-up`, and `/ticket`, to which
//! every mailed link leads.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod pages;
#[cfg(feature = "ssr")]
pub mod server;

pub use api::*;
pub use pages::{SignInPage, SignUpPage, TicketPage};
