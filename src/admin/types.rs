//! The pages, and the data of the overview.

use serde::{Deserialize, Serialize};

/// A page of the administration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdminPage {
    #[default]
    /// The rail and the page beside it.
    Layout,
    Overview,
    Users,
    User,
    Invitations,
    Roles,
    Role,
    Audit,
    Mail,
    Providers,
    Limits,
}

/// The number of sign-ins on one day, and of refused ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// The start of the day in UTC, in Unix seconds.
    pub at: i64,
    pub signed_in: i64,
    pub refused: i64,
}

/// The numbers of the overview.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdminOverview {
    pub users: i64,
    pub disabled: i64,
    pub unverified: i64,
    pub sessions: i64,
    pub queued_mails: i64,
    /// Given up, but still listed in the outbox.
    pub given_up_mails: i64,
    /// The last 30, oldest first.
    pub days: Vec<Day>,
}
