//! The only door: whoever was proven comes in here.

use crate::server::{Context, Error};
use crate::user::server::UserId;

/// Begins a session for a user that a method has proven.
pub async fn sign_in(cx: &Context, user_id: &UserId, remembered: bool) -> Result<(), Error> {
    cx.session.sign_in(user_id, remembered, &cx.client).await?;
    tracing::info!(%user_id, "signed in");
    Ok(())
}
