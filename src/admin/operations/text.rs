//! The texts of the mail, provider and limit pages.

// The outbox.
pub const MAIL: &str = "Mail";
pub const MAIL_LEAD: &str = "Mails to users, newest first. Their content is encrypted.";
pub const MAILS: &str = "Mails";
pub const MAIL_COLUMNS: [&str; 4] = ["Created", "Mail", "Recipient", "Status"];
pub const NO_MAILS: &str = "No mails";
pub const NO_MAILS_LEAD: &str = "Queued mails, and mails sent recently, appear here.";
pub const MAIL_PAGES: &str = "Pages of the outbox";
pub const NEWEST: &str = "Newest";
pub const OLDER: &str = "Older";
pub const QUEUED: &str = "Queued";

pub fn retrying(tries: i64, time: &str) -> String {
    match tries {
        1 => format!("Tried once, retry on {time}"),
        n => format!("Tried {n} times, retry on {time}"),
    }
}

pub fn sent(time: &str) -> String {
    format!("Sent at {time}")
}

pub fn given_up(time: &str) -> String {
    format!("Given up at {time}")
}

// The providers.
pub const PROVIDERS: &str = "Providers";
pub const PROVIDERS_LEAD: &str =
    "Users can sign in with these providers. Configure them in the settings.";
pub const PROVIDER_COLUMNS: [&str; 4] =
    ["Provider", "Issuer, redirect URL", "Linked accounts", "Status"];
pub const NO_PROVIDERS: &str = "No providers";
pub const NO_PROVIDERS_LEAD: &str = "Add one to the settings. See docs/providers.md.";
pub const AVAILABLE: &str = "Available";
pub const UNAVAILABLE: &str = "Unavailable. See the log for the reason.";

// The limits.
pub const LIMITS: &str = "Limits";
pub const LIMITS_LEAD: &str = "Rate limits and password locks that are active now. To lift \
    one, choose Lift.";
pub const ACTIVE_LIMITS: &str = "Active limits";
pub const LIMIT_COLUMNS: [&str; 3] = ["Limit", "Applies to", "Until"];
pub const NO_LIMITS: &str = "No active limits";
pub const NO_LIMITS_LEAD: &str = "Limits appear here when they are reached.";
pub const ALL_CLIENTS: &str = "All clients";
pub const NOW: &str = "Now";
pub const PASSWORD_RESET: &str = "Password reset";
pub const LIFT_SUMMARY: &str = "Lift";
pub const LIFT_CONFIRMATION: &str = "The attempts so far no longer count.";
pub const LIFT: &str = "Lift limit";
pub const LIFTING: &str = "Lifting…";

pub fn account(digest: &str) -> String {
    format!("Account {digest}…")
}
