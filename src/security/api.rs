//! The server function.

use leptos::prelude::*;

use super::types::SecurityView;
use crate::error::AppError;

/// Returns the data of the security page.
#[server(prefix = "/api", endpoint = "security")]
pub async fn load_security() -> Result<SecurityView, AppError> {
    let cx = crate::server::Context::of::<LoadSecurity>().await?;
    let user = cx.user().await?;
    Ok(super::server::load(&cx.app, &user).await?)
}
