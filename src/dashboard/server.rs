//! The overview, from what the session's query has read already.

use super::Overview;
use crate::server::App;
use crate::session::server::SignedIn;
use crate::user::name_of;

/// Builds the overview of the user's account.
#[must_use]
pub fn overview(app: &App, user: &SignedIn) -> Overview {
    Overview {
        name: name_of(&user.display_name, user.email.as_deref()).to_owned(),
        email: user.email.clone(),
        signed_in_at: user.created_at,
        password_changed_at: user.password_changed_at,
        linked_accounts: user.linked_accounts,
        sessions: user.sessions,
        now: app.clock.now(),
    }
}
