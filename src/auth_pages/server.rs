//! The data of the page for mailed links.

use crate::mailed_sign_in::server::is_requesting_browser;
use crate::server::{Context, Error};
use crate::set_up::server::needs_administrator;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem, TicketState, TicketView};

/// Returns the browser's ticket as its page shows it. A sign-in link works only in the browser that
/// asked for it, a set-up link only until there is an administrator. Refused if the ticket is
/// invalid.
pub async fn view(cx: &Context) -> Result<TicketView, Error> {
    let ticket = tickets::view(cx).await?;
    if ticket.purpose == Purpose::SetUp && !needs_administrator(&cx.app).await? {
        return Err(TicketProblem::Invalid.into());
    }
    let is_here = ticket.purpose != Purpose::SignIn || is_requesting_browser(cx).await?;
    let state = if is_here { ticket.state } else { TicketState::OtherBrowser };
    Ok(TicketView { state, ..ticket })
}
