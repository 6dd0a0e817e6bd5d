//! The texts of the administration's layout and overview.

// The layout.
pub const NAVIGATION: &str = "Administration";

// The pages in the rail.
pub const OVERVIEW: &str = "Overview";
pub const USERS: &str = "Users";
pub const ROLES: &str = "Roles";
pub const AUDIT_LOG: &str = "Audit log";
pub const INVITATIONS: &str = "Invitations";
pub const MAIL: &str = "Mail";
pub const PROVIDERS: &str = "Providers";
pub const LIMITS: &str = "Limits";
pub const YOUR_ACCOUNT: &str = "Your account";

// The overview.
pub const TITLE: &str = "Administration";
pub const DISABLED: &str = "Disabled users";
pub const UNVERIFIED: &str = "Email not verified";
pub const SESSIONS: &str = "Sessions";
pub const QUEUED_MAILS: &str = "Queued mails";
pub const GIVEN_UP_MAILS: &str = "Mails given up";

// The chart and its table.
pub const CHART_TITLE: &str = "Sign-ins per day, last 30 days";
pub const SIGNED_IN: &str = "Signed in";
pub const REFUSED: &str = "Refused";
pub const SHOW_TABLE: &str = "Show as table";
pub const TABLE: &str = "Sign-ins per day";
pub const COLUMNS: [&str; 3] = ["Day", SIGNED_IN, REFUSED];

pub fn day(date: &str, signed_in: i64, refused: i64) -> String {
    format!("{date}: {signed_in} signed in, {refused} refused")
}
