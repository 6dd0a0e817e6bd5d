//! The server function.

use leptos::prelude::*;

use crate::error::AppError;
use crate::form::Done;
use crate::sign_up::SignUpForm;

/// Trades the browser's ticket for an account that may do everything, and signs it in.
#[server(prefix = "/api", endpoint = "set-up")]
pub async fn set_up(#[server(flatten)] form: SignUpForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SetUp>().await?;
    let registration = form.parse(cx.app.config.password.min_length)?;
    super::server::finish(&cx, &form.ticket, &registration).await?;
    Ok(Done::go("/admin").with(crate::form::Notice::SetUp))
}
