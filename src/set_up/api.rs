//! The server function of the set-up form.

use leptos::prelude::*;

use crate::error::AppError;
use crate::form::Done;
use crate::sign_up::SignUpForm;

/// Creates the first administrator with the browser's ticket, and signs them in.
#[server(prefix = "/api", endpoint = "set-up")]
pub async fn set_up(#[server(flatten)] form: SignUpForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SetUp>().await?;
    let new_account = form.parse(cx.app.config.password.min_length)?;
    let done = super::server::finish(&cx, &form.ticket, &new_account).await?;
    Ok(done.with(crate::form::Notice::SetUp))
}
