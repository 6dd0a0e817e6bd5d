//! The first administrator: made by a link that the first start prints.

mod page;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;

use crate::error::AppError;
use crate::form::Done;
use crate::sign_up::SignUpForm;

pub use page::{SetUpForm, provide_set_up};

/// Trades the browser's ticket for an account that may do everything, and signs it in.
#[server(prefix = "/api", endpoint = "set-up")]
pub async fn set_up(#[server(flatten)] form: SignUpForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SetUp>().await?;
    let registration = form.parse(cx.app.config.password.min_length)?;
    server::finish(&cx, &form.ticket, &registration).await?;
    Ok(Done::go("/admin").with(crate::form::Notice::SetUp))
}
