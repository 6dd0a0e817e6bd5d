//! How users sign up and how accounts end, as rows of the list of settings.

use super::setting::{Setting, setting};
use super::settings::duration;

pub const ACCOUNT_SETTINGS: &[Setting] = &[
    setting("sign_up.mode", "open", "open, invited, domains, groups or closed", "Who may sign up."),
    setting(
        "sign_up.domains",
        "",
        "domains separated by spaces, like \"example.com example.org\"",
        "With sign_up.mode = \"domains\": the domains of allowed email addresses.",
    ),
    setting(
        "sign_up.verification",
        "banner",
        "banner or required",
        "Whether the dashboard requires a verified email address or only asks for one. With sign_up.mode = \"domains\" it is required.",
    ),
    setting(
        "sign_up.terms_url",
        "",
        "an https URL, or an http URL on loopback",
        "The terms of service. Whoever signs up must agree to them.",
    ),
    duration(
        "account.deletion_grace",
        "14d",
        "How long users can cancel their own account deletion by signing in.",
    ),
    duration(
        "account.unproven",
        "30d",
        "An account whose email address is never verified is deleted this long after sign-up, and after the longest possible session since its last sign-in.",
    ),
];
