//! Points in time: relative as text, exact in the tooltip.

use leptos::prelude::*;

use super::text;
use crate::text::rfc3339;

/// Renders a point in time as seen from `now`, both in Unix seconds.
#[component]
pub fn Moment(at: i64, now: i64) -> impl IntoView {
    let exact = rfc3339(at);
    view! { <time datetime=exact.clone() title=exact>{relative(at, now)}</time> }
}

/// Returns "just now", "5 minutes ago" or "3 days ago". After a clock was set back, the future is "just now".
fn relative(at: i64, now: i64) -> String {
    match now.saturating_sub(at) {
        ..60 => text::JUST_NOW.to_owned(),
        seconds @ 60..3600 => text::minutes_ago(seconds / 60),
        seconds @ 3600..86400 => text::hours_ago(seconds / 3600),
        seconds => text::days_ago(seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_relative_to_now() {
        for (ago, expected) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7200, "2 hours ago"),
            (86400, "1 day ago"),
        ] {
            assert_eq!(relative(1_000_000 - ago, 1_000_000), expected);
        }
    }
}
