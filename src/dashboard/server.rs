//! The counts of the overview.

use super::Overview;
use crate::on;
use crate::server::{App, Error};
use crate::session::server::SignedIn;

const COUNT: &str = "
    SELECT
        (SELECT COUNT(*) FROM linked_accounts WHERE user_id = $1) AS linked_accounts,
        (SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND expires_at > $2) AS sessions";

/// The user's account at a glance.
pub async fn overview(app: &App, user: &SignedIn) -> Result<Overview, Error> {
    let now = app.clock.now();
    let (linked_accounts, sessions): (i64, i64) = on!(&app.db, db => sqlx::query_as(COUNT)
        .bind(user.user_id.as_str())
        .bind(now)
        .fetch_one(db)
        .await)?;
    Ok(Overview {
        name: user.viewer().name().to_owned(),
        email: user.email.clone(),
        signed_in_at: user.created_at,
        password_changed_at: user.password_changed_at,
        linked_accounts,
        sessions,
        now,
    })
}
