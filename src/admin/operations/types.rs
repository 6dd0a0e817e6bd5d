//! Data of the pages.

use serde::{Deserialize, Serialize};

/// The delivery state of a mail. Times are in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    Queued,
    Retrying { tries: i64, next_at: i64 },
    Sent { at: i64 },
    GivenUp { at: i64 },
}

/// A mail in the outbox. `created_at` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    pub name: String,
    pub recipient: String,
    pub created_at: i64,
    pub state: MailState,
    /// Why it was not sent; empty if nothing went wrong.
    pub problem: String,
}

/// A page of the outbox, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailRows {
    pub mails: Vec<MailRow>,
    /// The paths of the first page, unless this is it, and of the next page, if there is one.
    pub first: Option<String>,
    pub next: Option<String>,
    pub now: i64,
}

/// A provider and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRow {
    pub label: String,
    pub protocol: String,
    pub issuer: String,
    pub callback: String,
    pub linked: i64,
    /// Whether it is unavailable now; the log has the reason.
    pub is_down: bool,
}

/// A limit in force. `until` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitRow {
    /// A name such as `sign_in_address`, or `password`.
    pub name: String,
    /// An IP address or a network, the digest of an account, or empty for all clients.
    pub subject: String,
    /// None if only an action ends it, such as resetting the password.
    pub until: Option<i64>,
}

/// The limits in force, and the current time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LimitRows {
    pub limits: Vec<LimitRow>,
    pub now: i64,
}
