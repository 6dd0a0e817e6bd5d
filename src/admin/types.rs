//! The pages, and what the overview shows.

use serde::{Deserialize, Serialize};

/// A page of the administration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
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

/// How many sign-ins of a day there were and how many were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Its beginning in UTC, in Unix seconds.
    pub at: i64,
    pub signed_in: i64,
    pub refused: i64,
}

/// The site at a glance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdminOverview {
    pub users: i64,
    pub disabled: i64,
    pub unverified: i64,
    pub sessions: i64,
    pub waiting_mails: i64,
    /// Given up, and still listed by the outbox.
    pub failed_mails: i64,
    /// The last 30, the oldest first.
    pub days: Vec<Day>,
}
