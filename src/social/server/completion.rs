//! Handles a visitor whom a provider identified.

use super::linking::{Address, Facts, Link, Outcome, Purpose};
use super::{CLOCK_SKEW, Identity};
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::error::{AppError, ServerProblem};
use crate::form::{Done, Notice};
use crate::linked_account::server::{ProviderAccount, find_owner, link};
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::sign_in::server::{Attempt, Intent, advance};
use crate::sign_up;
use crate::sign_up::server::{Admission, SignUpRule};
use crate::social::SocialProblem;
use crate::user::server::Owner;
use crate::user::server::{
    UserEmail, UserId, find_by_email, insert, is_verified, lock_user, mark_signed_up,
};
use crate::user::{DisplayName, Email};

/// Completes the attempt for which the visitor went to the provider.
pub async fn complete_attempt(
    cx: &Context,
    attempt: Attempt,
    identity: Identity,
) -> Result<Done, Error> {
    let arrived = arrive(cx, &attempt, &identity).await?;
    let now = cx.app.clock.now();
    // Whoever sits at an unlocked browser can keep the provider from asking again, if it does not say when it asked.
    let confirms = matches!(attempt.intent, Intent::Reauthenticate { .. });
    let is_multi_factor =
        identity.is_multi_factor && (identity.authenticated_at.is_some() || !confirms);
    let proof = Proof {
        method: Method::Provider { name: identity.account.provider.clone(), is_multi_factor },
        at: authentication_time(identity.authenticated_at, now),
        owner: arrived.owner,
        account: Some(identity.account),
        failures_of: None,
    };
    let done = advance(cx, attempt, proof).await?;
    let notice = arrived.took_over.then_some(Notice::SignedInAfterRevocation);
    Ok(Done { notice: done.notice.or(notice), ..done })
}

/// The user at the provider, as a user here.
struct Arrived {
    /// `None` if the account is linked to nobody.
    owner: Option<Owner>,
    /// Whether the account here was someone else's until now.
    took_over: bool,
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

/// Finds out what the account leads to, and does everything but starting a session or linking to the signed-in user.
async fn arrive(cx: &Context, attempt: &Attempt, identity: &Identity) -> Result<Arrived, Error> {
    let account = &identity.account;
    let mut tx = cx.app.db.begin().await?;
    let owner = find_owner(&mut tx, account).await?;
    let purpose = match attempt.intent {
        Intent::SignIn { .. } => Purpose::SignIn,
        Intent::Reauthenticate { .. } => Purpose::Confirm,
        Intent::Link => Purpose::Link,
    };
    let link = match (&owner, &attempt.expected) {
        (None, _) => Link::Nobody,
        (Some(_), None) => Link::Theirs,
        (Some(owner), Some(viewer)) if owner.user_id == viewer.user_id => Link::Theirs,
        (Some(_), Some(_)) => Link::SomeoneElse,
    };
    // Only a new user needs an email address and an invitation.
    let newcomer = if purpose == Purpose::SignIn && link == Link::Nobody {
        Newcomer::find(cx, &mut tx, identity).await?
    } else {
        Newcomer::unasked(cx)
    };
    let membership = identity.membership.map_err(AppError::Social)?;
    let (address, sign_up) = (newcomer.address, newcomer.rule);
    let outcome = Outcome::of(Facts { purpose, link, membership, address, sign_up })?;
    match outcome {
        Outcome::Continue | Outcome::Link => Ok(Arrived { owner, took_over: false }),
        Outcome::TakeOver => {
            let owner = take_over(cx, tx, &newcomer, account).await?;
            Ok(Arrived { owner: Some(owner), took_over: true })
        }
        Outcome::SignUp => {
            let owner = create(cx, tx, identity, &newcomer).await?;
            Ok(Arrived { owner: Some(owner), took_over: false })
        }
    }
}

/// What decides about a user whom nobody here knows.
struct Newcomer {
    /// Set if the provider vouches for it.
    email: Option<Email>,
    /// The user who has the address, and how they write it.
    holder: Option<(UserId, Email)>,
    address: Address,
    admission: Admission,
    rule: SignUpRule,
}

impl Newcomer {
    async fn find(cx: &Context, tx: &mut Tx, identity: &Identity) -> Result<Self, Error> {
        let email = identity.verified_email.clone().map_err(AppError::Social)?;
        let (admission, rule) = sign_up::server::assess(cx, tx, email.as_ref()).await?;
        let holder = match &email {
            Some(email) => find_by_email(tx, email.key()).await?,
            None => None,
        };
        let address = match (&email, &holder) {
            (None, _) => Address::None,
            (Some(_), None) => Address::Free,
            (Some(email), Some(_)) if is_verified(tx, email).await? => Address::Verified,
            _ => Address::Unverified,
        };
        Ok(Self { email, holder, address, admission, rule })
    }

    fn unasked(cx: &Context) -> Self {
        Self {
            email: None,
            holder: None,
            address: Address::None,
            admission: Admission::default(),
            rule: SignUpRule::of(&cx.app, None),
        }
    }
}

/// Gives the user an account that has their email address and never verified it.
async fn take_over(
    cx: &Context,
    mut tx: Tx,
    newcomer: &Newcomer,
    account: &ProviderAccount,
) -> Result<Owner, Error> {
    let (app, admission) = (&cx.app, &newcomer.admission);
    let (user_id, email) = newcomer.holder.as_ref().ok_or(ServerProblem::Internal)?;
    sign_up::server::take_over(cx, &mut tx, user_id, email).await?;
    link(&mut tx, user_id, account, app.clock.now()).await?;
    let kind = EventKind::ProviderLinked;
    record_event_about(cx, &mut tx, kind, user_id, &account.provider).await?;
    admission.assign_invited_role(app, &mut tx, user_id).await?;
    let epoch = lock_user(&mut tx, user_id).await?.epoch;
    tx.commit().await?;
    admission.clear_ticket(cx);
    Ok(Owner { user_id: user_id.clone(), epoch })
}

/// Creates a user, or finds the one whom another tab of the visitor has just created.
async fn create(
    cx: &Context,
    mut tx: Tx,
    identity: &Identity,
    newcomer: &Newcomer,
) -> Result<Owner, Error> {
    let (app, account) = (&cx.app, &identity.account);
    limits::take_in(app, &mut tx, LimitedAction::SignUp, &cx.client, None).await?;
    let now = app.clock.now();
    let admission = &newcomer.admission;
    let address = newcomer.email.as_ref().map(|email| UserEmail { email, is_verified: true });
    let name = identity.display_name.parse::<DisplayName>();
    let name = name.as_ref().map_or("", DisplayName::as_str);
    let user_id = insert(&mut tx, address, name, now).await?;
    let is_first = match &user_id {
        Some(user_id) => link(&mut tx, user_id, account, now).await?,
        None => false,
    };
    let Some(user_id) = user_id.filter(|_| is_first) else {
        // Another tab was first, and its user stays; ours is rolled back with the transaction.
        drop(tx);
        let mut tx = app.db.begin().await?;
        let owner = find_owner(&mut tx, account).await?;
        return owner.ok_or_else(|| AppError::Social(SocialProblem::EmailTaken).into());
    };
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
