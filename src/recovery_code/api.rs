//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::RecoveryCodeOffer;
use crate::error::AppError;
use crate::form::Done;

/// Offers a new set of recovery codes. Nothing changes until it is activated.
#[server(prefix = "/api", endpoint = "recovery-codes/offer")]
pub async fn offer_recovery_codes() -> Result<RecoveryCodeOffer, AppError> {
    let cx = crate::server::Context::of::<OfferRecoveryCodes>().await?;
    let user = cx.user().await?;
    Ok(super::server::offer(&cx.app, &user).await?)
}

/// The fields of the form that activates a set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ActivateCodesForm {
    pub token: String,
    /// Present if the box is ticked.
    pub end_others: Option<String>,
}

/// Activates an offered set of recovery codes.
#[server(prefix = "/api", endpoint = "recovery-codes/activate")]
pub async fn activate_recovery_codes(
    #[server(flatten)] form: ActivateCodesForm,
) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<ActivateRecoveryCodes>().await?;
    let user = cx.user().await?;
    super::server::activate(&cx, &user, &form.token, form.end_others.is_some()).await?;
    Ok(Done::go("/dashboard/security").with(crate::form::Notice::RecoveryCodesCreated))
}
