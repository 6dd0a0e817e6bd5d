//! The data of the page for mailed links.

use crate::mailed_sign_in::server::is_asker;
use crate::server::{Context, Error};
use crate::set_up::server::is_wanted;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, State, TicketProblem, TicketView};

/// Returns the browser's ticket as its page shows it. A sign-in link works only in the browser that
/// asked for it, a set-up link only until there is an administrator. Refused if the ticket is
/// invalid.
pub async fn view(cx: &Context) -> Result<TicketView, Error> {
    let ticket = tickets::view(cx).await?;
    if ticket.purpose == Purpose::SetUp && !is_wanted(&cx.app).await? {
        return Err(TicketProblem::Invalid.into());
    }
    let is_here = ticket.purpose != Purpose::SignIn || is_asker(cx).await?;
    let state = if is_here { ticket.state } else { State::Elsewhere };
    Ok(TicketView { state, ..ticket })
}
