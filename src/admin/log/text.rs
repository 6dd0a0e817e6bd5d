//! The texts of the audit log page.

pub const TITLE: &str = "Audit log";

// The filter.
pub const USER: &str = "User";
pub const ACTOR: &str = "Actor";
pub const EVENT: &str = "Event";
pub const ALL_EVENTS: &str = "All events";
pub const FROM: &str = "From";
pub const BEFORE: &str = "Before";
pub const FIND: &str = "Find events";

// The list.
pub const LIST: &str = "Events";
pub const COLUMNS: [&str; 5] = ["Time", EVENT, USER, ACTOR, "Client"];
pub const COLUMNS_OF_ONE_USER: [&str; 4] = ["Time", EVENT, ACTOR, "Client"];
pub const COMMAND_LINE: &str = "Command line";
pub const EMPTY: &str = "No events found";
pub const EMPTY_LEAD: &str = "No event matches, or the matching events are no longer kept.";
pub const PAGES: &str = "Pages of the audit log";
pub const NEWEST: &str = "Newest";
pub const OLDER: &str = "Older";

// The export.
pub const FORMAT: &str = "Export format";
pub const JSON_LINES: &str = "JSON Lines";
pub const CSV: &str = "CSV";
pub const EXPORT: &str = "Export events";

// The chain.
pub fn seal_progress(sealed: i64, unsealed: i64) -> String {
    let events = if sealed == 1 { "event" } else { "events" };
    match unsealed {
        0 => format!("{sealed} {events} sealed."),
        n => format!("{sealed} {events} sealed, {n} not sealed yet."),
    }
}
