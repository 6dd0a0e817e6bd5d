//! The form and the server function.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::TicketView;
use crate::error::AppError;
use crate::form::RowId;

/// What a button of a mailed link sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketForm {
    /// The id of the ticket that the form was shown for.
    pub ticket: RowId,
}

/// The ticket that this browser came with; none where it is of no use.
#[server(prefix = "/api", endpoint = "ticket")]
pub async fn load_ticket() -> Result<Option<TicketView>, AppError> {
    let cx = crate::server::Context::of::<LoadTicket>().await?;
    match super::server::view(&cx).await.map_err(AppError::from) {
        Ok(ticket) => Ok(Some(ticket)),
        Err(AppError::InvalidTicket) => Ok(None),
        Err(error) => Err(error),
    }
}
