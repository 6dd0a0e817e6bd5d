//! The only door: whoever was proven comes in here.

use crate::server::{Context, Error};
use crate::user::server::Proven;

/// Begins a session for a user that a method has proven.
pub async fn sign_in(cx: &Context, proven: &Proven, remembered: bool) -> Result<(), Error> {
    cx.session.sign_in(proven, remembered, &cx.client).await?;
    tracing::info!(user_id = %proven.user_id, "signed in");
    Ok(())
}
