//! The server function of the page of mailed links.

use leptos::prelude::*;

use crate::error::AppError;
use crate::ticket::TicketView;

/// The ticket that this browser came with; none where it is of no use.
#[server(prefix = "/api", endpoint = "ticket")]
pub async fn load_ticket() -> Result<Option<TicketView>, AppError> {
    let cx = crate::server::Context::of::<LoadTicket>().await?;
    match super::server::view(&cx).await.map_err(AppError::from) {
        Ok(ticket) => Ok(Some(ticket)),
        Err(AppError::Ticket(crate::ticket::TicketProblem::Invalid)) => Ok(None),
        Err(error) => Err(error),
    }
}
