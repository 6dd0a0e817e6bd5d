//! What the pages show.

use serde::{Deserialize, Serialize};

/// A mail of the outbox. `written_at` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    pub name: String,
    pub recipient: String,
    pub written_at: i64,
    /// What became of it.
    pub state: String,
    /// Why it was not sent; empty where nothing went wrong.
    pub problem: String,
}

/// A page of the outbox, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailRows {
    pub mails: Vec<MailRow>,
    /// The addresses of the first page and of the next one, where this isn't it.
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
    /// Why it is of no use at this moment; the log has more.
    pub is_down: bool,
}

/// A limit that keeps somebody from something now. `until` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitRow {
    /// `sign_in_address` and the like, or `password`.
    pub name: String,
    /// An address or a network, the digest of an account, or nothing for all together.
    pub subject: String,
    /// None where it is until somebody does something.
    pub until: Option<i64>,
}

/// The limits in force, and what time it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LimitRows {
    pub limits: Vec<LimitRow>,
    pub now: i64,
}
