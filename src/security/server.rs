//! Collects the data of the page.

use super::{KeyView, SecurityView, Suggestion};
use crate::authenticator_app::AuthenticatorAppView;
use crate::authenticator_app::server as apps;
use crate::passkey::PasskeyView;
use crate::passkey::server::{self as passkeys, relying_party};
use crate::recovery_code::FEW_UNUSED;
use crate::recovery_code::server as recovery_codes;
use crate::second_factor_policy::server::count_accepted;
use crate::server::{App, Error};
use crate::session::server::SignedIn;

/// Returns the data of the security page, read in one snapshot.
pub async fn load(app: &App, user: &SignedIn) -> Result<SecurityView, Error> {
    let mut tx = app.db.snapshot().await?;
    let apps = apps::of_user_in(&mut tx, &user.user_id).await?;
    let accepts_codes = app.config.second_factor.accept.includes_codes();
    let passkeys = if relying_party::is_available(&app.config) {
        let passkeys = passkeys::of_user_in(&mut tx, &user.user_id).await?;
        Some(passkeys.into_iter().map(of_passkey).collect())
    } else {
        None
    };
    let unused_codes = recovery_codes::count_unused(&mut tx, &user.user_id).await?;
    // During an impersonation, it is the administrator's.
    let due_at = user.second_factor_deadline(app).filter(|_| user.impersonator.is_none());
    Ok(SecurityView {
        suggestion: if accepts_codes {
            suggestion(user.has_second_factor(), unused_codes, due_at)
        } else {
            passkey_suggestion(count_accepted(app, &mut tx, &user.user_id).await?, due_at)
        },
        accepts_codes,
        email: user.email.clone(),
        has_password: user.has_password(),
        passkeys,
        apps: apps.into_iter().map(of_app).collect(),
        unused_codes,
        now: app.clock.now(),
    })
}

fn of_passkey(it: PasskeyView) -> KeyView {
    let PasskeyView { id, name, created_at, used_at, storage, is_disabled, is_automatic } = it;
    KeyView { id, name, created_at, used_at, storage: Some(storage), is_disabled, is_automatic }
}

fn of_app(it: AuthenticatorAppView) -> KeyView {
    let AuthenticatorAppView { id, name, created_at, used_at } = it;
    KeyView {
        id,
        name,
        created_at,
        used_at,
        storage: None,
        is_disabled: false,
        is_automatic: false,
    }
}

fn suggestion(
    has_factor: bool,
    unused_codes: Option<i64>,
    due_at: Option<i64>,
) -> Option<Suggestion> {
    match (has_factor, unused_codes, due_at) {
        (false, _, Some(due_at)) => Some(Suggestion::AddRequiredFactor { due_at }),
        (false, _, None) => Some(Suggestion::AddFactor),
        (true, None, _) => Some(Suggestion::CreateRecoveryCodes),
        (true, Some(left), _) => (left <= FEW_UNUSED).then_some(Suggestion::RenewRecoveryCodes),
    }
}

/// Returns the suggestion where only passkeys count.
fn passkey_suggestion(passkeys: i64, due_at: Option<i64>) -> Option<Suggestion> {
    match (passkeys, due_at) {
        (0, Some(due_at)) => Some(Suggestion::AddRequiredFactor { due_at }),
        (0, None) => Some(Suggestion::AddFactor),
        (1, _) => Some(Suggestion::AddSparePasskey),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_change_is_suggested() {
        for (has_factor, unused_codes, due_at, expected) in [
            (false, None, Some(9), Some(Suggestion::AddRequiredFactor { due_at: 9 })),
            (false, None, None, Some(Suggestion::AddFactor)),
            (true, None, Some(9), Some(Suggestion::CreateRecoveryCodes)),
            (true, Some(0), None, Some(Suggestion::RenewRecoveryCodes)),
            (true, Some(3), None, Some(Suggestion::RenewRecoveryCodes)),
            (true, Some(4), None, None),
        ] {
            assert_eq!(suggestion(has_factor, unused_codes, due_at), expected);
        }
        for (passkeys, due_at, expected) in [
            (0, Some(9), Some(Suggestion::AddRequiredFactor { due_at: 9 })),
            (0, None, Some(Suggestion::AddFactor)),
            (1, None, Some(Suggestion::AddSparePasskey)),
            (2, None, None),
        ] {
            assert_eq!(passkey_suggestion(passkeys, due_at), expected);
        }
    }
}
