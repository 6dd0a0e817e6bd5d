//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::RecoveryCodeOffer;
use crate::error::AppError;
use crate::form::Done;

/// Offers a new set of recovery codes. Nothing changes until it is accepted.
#[server(prefix = "/api", endpoint = "recovery-codes/offer")]
pub async fn offer_recovery_codes() -> Result<RecoveryCodeOffer, AppError> {
    let cx = crate::server::Context::of::<OfferRecoveryCodes>().await?;
    let user = cx.user().await?;
    Ok(super::server::offer(&cx.app, &user).await?)
}

/// The set that the user saved, encrypted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecoveryCodesForm {
    pub token: String,
}

/// Makes an offered set of recovery codes valid.
#[server(prefix = "/api", endpoint = "recovery-codes/accept")]
pub async fn accept_recovery_codes(
    #[server(flatten)] form: RecoveryCodesForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<AcceptRecoveryCodes>().await?;
    let user = cx.user().await?;
    super::server::accept(&cx, &user, &form.token).await?;
    Ok(Done::go("/dashboard/security").with(crate::form::Notice::RecoveryCodesCreated))
}
