//! The texts of the design system.

// Around a page's content.
pub const SKIP: &str = "Skip to content";
pub const MORE: &str = "More";

// The field for the email address of an account.
pub const EMAIL: &str = "Email";

// A password field. SHOW or HIDE is completed by PASSWORD, which is visually hidden.
pub const SHOW: &str = "Show";
pub const HIDE: &str = "Hide";
pub const PASSWORD: &str = "password";

// Loading, and what follows a failure. A request's id completes REQUEST_ID.
pub const LOADING: &str = "Loading…";
pub const RETRY: &str = "Try again";
pub const GO_TO_START: &str = "Go to the start page";
pub const GO_BACK: &str = "Go back and try again";
pub const REQUEST_ID: &str = "If you ask for help, include this request ID:";

// The column of a table that holds the actions.
pub const ACTIONS: &str = "Actions";

// Times.
pub const JUST_NOW: &str = "just now";

pub fn minutes_ago(number: i64) -> String {
    ago(number, "minute")
}

pub fn hours_ago(number: i64) -> String {
    ago(number, "hour")
}

pub fn days_ago(number: i64) -> String {
    ago(number, "day")
}

fn ago(number: i64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural} ago")
}
