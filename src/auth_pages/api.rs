//! The server function of the page for mailed links.

use leptos::prelude::*;

use crate::error::AppError;
use crate::ticket::TicketView;

/// Loads this browser's ticket; `None` if it is invalid.
#[server(prefix = "/api", endpoint = "ticket")]
pub async fn load_ticket() -> Result<Option<TicketView>, AppError> {
    let cx = crate::server::Context::of::<LoadTicket>().await?;
    match super::server::view(&cx).await.map_err(AppError::from) {
        Ok(ticket) => Ok(Some(ticket)),
        Err(AppError::Ticket(crate::ticket::TicketProblem::Invalid)) => Ok(None),
        Err(error) => Err(error),
    }
}
