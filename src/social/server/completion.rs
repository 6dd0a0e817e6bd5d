//! Handles a visitor whom a provider identified.

use super::{CLOCK_SKEW, Identity};
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::error::AppError;
use crate::form::Done;
use crate::linked_account::server::{find_owner, link};
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::sign_in::server::{Attempt, Intent, advance};
use crate::sign_up;
use crate::social::SocialProblem;
use crate::user::DisplayName;
use crate::user::server::Owner;
use crate::user::server::{UserEmail, insert, mark_signed_up};

/// Completes the attempt for which the visitor went to the provider.
pub async fn complete_attempt(
    cx: &Context,
    attempt: Attempt,
    identity: Identity,
) -> Result<Done, Error> {
    let owner = match attempt.intent {
        Intent::SignIn { .. } => Some(find_or_create_user(cx, &identity).await?),
        Intent::Reauthenticate { .. } | Intent::Link => {
            let mut tx = cx.app.db.begin().await?;
            find_owner(&mut tx, &identity.account).await?
        }
    };
    let now = cx.app.clock.now();
    // Whoever sits at an unlocked browser can keep the provider from asking again, if it does not say when it asked.
    let confirms = matches!(attempt.intent, Intent::Reauthenticate { .. });
    let is_multi_factor =
        identity.is_multi_factor && (identity.authenticated_at.is_some() || !confirms);
    let proof = Proof {
        method: Method::Provider { name: identity.account.provider.clone(), is_multi_factor },
        at: authentication_time(identity.authenticated_at, now),
        owner,
        account: Some(identity.account),
        failures_of: None,
    };
    advance(cx, attempt, proof).await
}

/// Returns when the provider authenticated the user, in Unix seconds, by its own claim. A time in
/// the future proves nothing.
fn authentication_time(claimed: Option<i64>, now: i64) -> i64 {
    match claimed {
        Some(at) if at > now + CLOCK_SKEW => 0,
        Some(at) => at.min(now),
        None => now,
    }
}

/// Returns the user to whom the account is linked, and creates one if there is none. A matching
/// email address alone never links.
async fn find_or_create_user(cx: &Context, identity: &Identity) -> Result<Owner, Error> {
    let app = &cx.app;
    let account = &identity.account;
    let mut tx = app.db.begin().await?;
    if let Some(owner) = find_owner(&mut tx, account).await? {
        return Ok(owner);
    }
    let verified_email = identity.verified_email.clone().map_err(AppError::Social)?;
    let admission = sign_up::server::admit(cx, &mut tx, verified_email.as_ref()).await?;
    limits::take_in(app, &mut tx, LimitedAction::SignUp, &cx.client, None).await?;
    let now = app.clock.now();
    let address = verified_email.as_ref().map(|email| UserEmail { email, is_verified: true });
    let name = identity.display_name.parse::<DisplayName>();
    let name = name.as_ref().map_or("", DisplayName::as_str);
    let Some(user_id) = insert(&mut tx, address, name, now).await? else {
        // The email address is taken: by another tab of this visitor, or by a user who has not
        // linked this account.
        let taken = AppError::Social(SocialProblem::EmailTaken);
        return find_owner(&mut tx, account).await?.ok_or(taken.into());
    };
    if !link(&mut tx, &user_id, account, now).await? {
        // Another tab was first, and its user stays; ours is rolled back with the transaction.
        drop(tx);
        let mut tx = app.db.begin().await?;
        let expired = AppError::Social(SocialProblem::Expired);
        return find_owner(&mut tx, account).await?.ok_or(expired.into());
    }
    mark_signed_up(&mut tx, &user_id).await?;
    record_event_about(cx, &mut tx, EventKind::SignedUp, &user_id, &account.provider).await?;
    admission.assign_invited_role(app, &mut tx, &user_id).await?;
    tx.commit().await?;
    admission.clear_ticket(cx);
    Ok(Owner { user_id, epoch: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_0_0__6_8_4__a_future_auth_time_is_clamped_or_ignored() {
        for (claimed, expected) in [
            (None, 1000),
            (Some(400), 400),
            (Some(0), 0),
            (Some(1000), 1000),
            (Some(1060), 1000),
            (Some(1061), 0),
        ] {
            assert_eq!(authentication_time(claimed, 1000), expected, "{claimed:?}");
        }
    }
}
