//! The first administrator, created with a link that the first start prints.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;

pub use api::*;
pub use page::{SetUpForm, provide_set_up};
