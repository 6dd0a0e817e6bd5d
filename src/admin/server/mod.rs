//! Actions on users, and the numbers of the overview.

pub mod account;
pub mod impersonation;
pub mod manage;

use super::{AdminOverview, Day};
use crate::args;
use crate::audit::EventKind;
use crate::record;
use crate::server::{App, Error};

/// Days in the chart.
const DAYS: i64 = 30;

const COUNT: &str = "
    SELECT
        (SELECT COUNT(*) FROM users) AS users,
        (SELECT COUNT(*) FROM users WHERE disabled_at IS NOT NULL
            AND (disabled_until IS NULL OR disabled_until > $1)) AS disabled,
        (SELECT COUNT(*) FROM users WHERE email_verified_at IS NULL) AS unverified,
        (SELECT COUNT(*) FROM sessions WHERE expires_at > $1) AS sessions,
        (SELECT COUNT(*) FROM mails WHERE sent_at IS NULL AND given_up_at IS NULL) AS queued_mails,
        (SELECT COUNT(*) FROM mails WHERE given_up_at IS NOT NULL) AS given_up_mails";

const LIST_DAYS: &str = "
    SELECT day, kind, events
    FROM audit_days
    WHERE day > $1 AND kind IN ('signed_in', 'sign_in_refused')";

record! {
    struct Counts {
        users: i64,
        disabled: i64,
        unverified: i64,
        sessions: i64,
        queued_mails: i64,
        given_up_mails: i64,
    }
}

/// Returns the numbers of the overview.
pub async fn overview(app: &App) -> Result<AdminOverview, Error> {
    let now = app.clock.now();
    let counts: Counts = app.db.fetch_one(COUNT, args![now]).await?;
    let today = now.div_euclid(86400);
    let rows: Vec<(i64, String, i64)> = app.db.fetch_all(LIST_DAYS, args![today - DAYS]).await?;
    let events = |day: i64, kind: EventKind| {
        rows.iter().find(|it| it.0 == day && it.1 == kind.as_str()).map_or(0, |it| it.2)
    };
    let days = (today - DAYS + 1..=today).map(|day| Day {
        at: day * 86400,
        signed_in: events(day, EventKind::SignedIn),
        refused: events(day, EventKind::SignInRefused),
    });
    Ok(AdminOverview {
        users: counts.users,
        disabled: counts.disabled,
        unverified: counts.unverified,
        sessions: counts.sessions,
        queued_mails: counts.queued_mails,
        given_up_mails: counts.given_up_mails,
        days: days.collect(),
    })
}
