//! Collects the data of the page.

use super::{SecurityView, Suggestion};
use crate::authenticator_app::server as apps;
use crate::recovery_code::FEW;
use crate::recovery_code::server as recovery_codes;
use crate::server::config::RequiredOf;
use crate::server::{App, Error};
use crate::session::server::SignedIn;

/// Returns everything with which the user signs in, as of one moment.
pub async fn load(app: &App, user: &SignedIn) -> Result<SecurityView, Error> {
    let mut tx = app.db.snapshot().await?;
    let apps = apps::of_user_in(&mut tx, &user.user_id).await?;
    let codes_left = recovery_codes::left(&mut tx, &user.user_id).await?;
    let is_policy = app.config.second_factor.require != RequiredOf::Nobody;
    let due_at = user.factor_due_at.filter(|_| is_policy);
    Ok(SecurityView {
        suggestion: suggestion(!apps.is_empty(), codes_left, due_at),
        email: user.email.clone(),
        has_password: user.has_password(),
        apps,
        codes_left,
        now: app.clock.now(),
    })
}

fn suggestion(
    has_factor: bool,
    codes_left: Option<i64>,
    due_at: Option<i64>,
) -> Option<Suggestion> {
    match (has_factor, codes_left, due_at) {
        (false, _, Some(due_at)) => Some(Suggestion::AddRequiredFactor { due_at }),
        (false, _, None) => Some(Suggestion::AddFactor),
        (true, None, _) => Some(Suggestion::CreateRecoveryCodes),
        (true, Some(left), _) => (left <= FEW).then_some(Suggestion::RenewRecoveryCodes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_change_is_suggested_the_most_urgent_first() {
        for (has_factor, codes_left, due_at, expected) in [
            (false, None, Some(9), Some(Suggestion::AddRequiredFactor { due_at: 9 })),
            (false, None, None, Some(Suggestion::AddFactor)),
            (true, None, Some(9), Some(Suggestion::CreateRecoveryCodes)),
            (true, Some(0), None, Some(Suggestion::RenewRecoveryCodes)),
            (true, Some(3), None, Some(Suggestion::RenewRecoveryCodes)),
            (true, Some(4), None, None),
        ] {
            assert_eq!(suggestion(has_factor, codes_left, due_at), expected);
        }
    }
}
