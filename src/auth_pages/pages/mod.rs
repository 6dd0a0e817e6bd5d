//! One file per page.

mod sign_in;
mod sign_up;
mod ticket;

pub use sign_in::SignInPage;
pub use sign_up::SignUpPage;
pub use ticket::TicketPage;
