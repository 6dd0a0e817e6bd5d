//! What the page of mailed links shows.

use crate::mailed_sign_in::server::is_asker;
use crate::server::{Context, Error};
use crate::set_up::server::is_wanted;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, State, TicketProblem, TicketView};

/// The browser's ticket, as its page shows it: a link to sign in is of use only in the browser that
/// asked for it, and the link of the set-up until there is an administrator. Refused if it is of no use
/// at all.
pub async fn view(cx: &Context) -> Result<TicketView, Error> {
    let ticket = tickets::view(cx).await?;
    if ticket.purpose == Purpose::SetUp && !is_wanted(&cx.app).await? {
        return Err(TicketProblem::Invalid.into());
    }
    let is_here = ticket.purpose != Purpose::SignIn || is_asker(cx).await?;
    let state = if is_here { ticket.state } else { State::Elsewhere };
    Ok(TicketView { state, ..ticket })
}
