//! Turns proofs into sessions.
//!
//! A sign-in method proves who the user is and calls [`advance`], the only way to a session. It asks
//! [`Step::after`] what is missing and, if nothing is, starts a session, renews one or links an account.

mod attempt;
mod last_method;
mod step;

use std::sync::Arc;

use crate::audit::EventKind;
use crate::audit::server::{record_event, record_event_about};
use crate::error::{AccessProblem, AppError, ServerProblem};
use crate::form::{Done, Notice};
use crate::known_place;
use crate::linked_account::server::{find_owner, link, mark_multi_factor};
use crate::mail::server::{Mail, UntrustedText};
use crate::password::{self, server::failures};
use crate::paths::{RECOVERY_CODES_PAGE, REVIEW_PAGE, SECOND_FACTOR_PAGE};
use crate::proof::Method;
use crate::proof::server::{Proof, Proofs};
use crate::recovery_code::server::count_unused;
use crate::second_factor_policy;
use crate::security_notice::server::send_security_notice;
use crate::server::config::seconds;
use crate::server::context::YEAR;
use crate::server::db::Tx;
use crate::server::digest::{is_token, random_token};
use crate::server::limits;
use crate::server::{Context, Error};
use crate::session::server::{NewSession, SignedIn, lock_signed_in, trusted};
use crate::sign_in::SignInProblem;
use crate::social::SocialProblem;
use crate::user::server::Owner;
use crate::user::server::{LockedUser, UserId, lifecycle, lock_user, mark_used};

pub use attempt::{
    Attempt, Intent, LIFETIME, PENDING_SIGN_IN, PendingAttempt, find_pending, has_attempt,
    latest_attempt_expiry, lock, set_owner, sweep,
};
pub use last_method::{LAST_METHOD, LastMethod, last_method};
pub use step::{Facts, Step};

/// Completes an attempt: starts a session, renews one or links an account. A sign-in that still needs a second
/// factor waits for it; any other step that is missing is a refusal.
pub async fn advance(cx: &Context, mut attempt: Attempt, proof: Proof) -> Result<Done, Error> {
    let viewer = viewer(cx, &attempt).await?;
    let named = attempt.expected.as_ref().or(proof.owner.as_ref());
    let user_id = named.map(|it| it.user_id.clone()).ok_or(SignInProblem::InvalidCredentials)?;
    let mut tx = cx.app.db.begin().await?;
    // Lock the user first, so that no transaction waits for this row while it holds other locks.
    let locked = match &viewer {
        Some(user) => lock_signed_in(&cx.app, &mut tx, user).await?,
        None => lock_user(&mut tx, &user_id).await?,
    };
    attempt.proofs.add(proof.method.clone(), proof.at);
    if let (Method::Provider { is_multi_factor: true, .. }, Some(account)) =
        (&proof.method, &proof.account)
    {
        mark_multi_factor(&mut tx, account).await?;
    }
    let (second_factor, has_passkey) =
        second_factor_policy::server::assess(&cx.app, &mut tx, &user_id).await?;
    let facts = Facts {
        intent: &attempt.intent,
        expected: attempt.expected.as_ref(),
        proof_owner: proof.owner.as_ref(),
        epoch: locked.epoch,
        is_blocked: locked.is_blocked(cx.app.timekeeper.range().earliest),
        fresh_since: cx.app.clock.now() - seconds(cx.app.config.account.reauthentication),
        second_factor,
        has_passkey,
        is_trusted: trusted::is_trusted(cx, &mut tx, &user_id).await?,
    };
    let step = Step::after(&facts, &attempt.proofs);
    let is_sign_in = matches!(attempt.intent, Intent::SignIn { .. });
    if is_sign_in && matches!(step, Step::ProveSecondFactor | Step::SetUpSecondFactor) {
        let owner = Owner { user_id, epoch: locked.epoch };
        return store_pending(cx, tx, Attempt { expected: Some(owner), ..attempt }, &proof).await;
    }
    if step != Step::Done {
        record_refusal(cx, tx, step, &attempt, &user_id).await?;
        return Err(refusal(step, &attempt.intent, &locked).into());
    }
    let confirmed_at = facts.confirmed_at(&attempt.proofs);
    let go = attempt.intent.target().to_owned();
    match (&attempt.intent, viewer) {
        (Intent::SignIn { remembered, .. }, _) => {
            let owner = Owner { user_id, epoch: locked.epoch };
            let proofs = (&attempt.proofs, confirmed_at);
            start_session(cx, tx, proofs, (&owner, &locked), (*remembered, go)).await
        }
        (Intent::Reauthenticate { .. }, Some(user)) => {
            renew_session(cx, tx, (&attempt.proofs, confirmed_at), &user).await?;
            Ok(Done::go(go).with(Notice::Reauthenticated))
        }
        (Intent::Link, Some(user)) => {
            link_account(cx, tx, &user, &proof).await?;
            Ok(Done::go(go).with(Notice::Linked))
        }
        (Intent::Reauthenticate { .. } | Intent::Link, None) => {
            Err(AccessProblem::Unauthenticated.into())
        }
    }
}

/// Stores an attempt until its browser proves a second factor, and redirects to the page that asks for one.
async fn store_pending(
    cx: &Context,
    mut tx: Tx,
    attempt: Attempt,
    proof: &Proof,
) -> Result<Done, Error> {
    if let Some(account) = &proof.failures_of {
        failures::release_in(&mut tx, account).await?;
    }
    let browser = random_token()?;
    attempt.store(&cx.app, &mut tx, &attempt::pending_key(&browser), LIFETIME).await?;
    tx.commit().await?;
    cx.set(&PENDING_SIGN_IN, browser, LIFETIME);
    Ok(Done::go(SECOND_FACTOR_PAGE))
}

/// Returns the signed-in user of the attempt, or `None` for a sign-in. Refused for any other user:
/// the user who completes an attempt must have started it (CVE-2026-9087).
async fn viewer(cx: &Context, attempt: &Attempt) -> Result<Option<Arc<SignedIn>>, Error> {
    if matches!(attempt.intent, Intent::SignIn { .. }) {
        return Ok(None);
    }
    let user = cx.user().await?;
    if user.impersonator.is_some() {
        return Err(AccessProblem::Impersonating.into());
    }
    if attempt.expected.as_ref().is_none_or(|it| it.user_id != user.user_id) {
        return Err(AppError::Social(SocialProblem::Expired).into());
    }
    Ok(Some(user))
}

/// Records why an attempt by a known user was refused.
async fn record_refusal(
    cx: &Context,
    mut tx: Tx,
    step: Step,
    attempt: &Attempt,
    user_id: &UserId,
) -> Result<(), Error> {
    let methods = attempt.proofs.methods().listed();
    let (kind, about) = match attempt.intent {
        Intent::SignIn { .. } if step == Step::Disabled => (EventKind::SignInRefused, "disabled"),
        Intent::Reauthenticate { .. } => (EventKind::ReauthenticationRefused, methods.as_str()),
        Intent::SignIn { .. } | Intent::Link => return Ok(()),
    };
    record_event_about(cx, &mut tx, kind, user_id, about).await?;
    tx.commit().await
}

fn refusal(step: Step, intent: &Intent, locked: &LockedUser) -> AppError {
    match step {
        Step::Authenticate => AppError::SignIn(SignInProblem::InvalidCredentials),
        Step::OtherUser if *intent == Intent::Link => {
            AppError::Social(SocialProblem::LinkedToOtherUser)
        }
        Step::OtherUser => AppError::Social(SocialProblem::DifferentUser),
        Step::StartOver => AppError::Social(SocialProblem::Expired),
        Step::Disabled => AppError::Disabled { until: locked.disabled_until },
        Step::AuthenticateAgain => AppError::Social(SocialProblem::NotReauthenticated),
        Step::ProveSecondFactor | Step::SetUpSecondFactor => {
            AppError::SignIn(SignInProblem::SecondFactorNeeded)
        }
        Step::Done => AppError::Server(ServerProblem::Internal),
    }
}

/// Starts a session for a user whose row is locked, all in one transaction. Leads to `go`; after a reset of the
/// password, to the page that shows what else signs in; without unused recovery codes, to new ones.
async fn start_session(
    cx: &Context,
    mut tx: Tx,
    (proofs, confirmed_at): (&Proofs, Option<i64>),
    (owner, locked): (&Owner, &LockedUser),
    (remembered, go): (bool, String),
) -> Result<Done, Error> {
    let Owner { user_id, epoch } = owner;
    let by_password = proofs.contains(&Method::Password);
    // A browser has one key, shared by all users who sign in with it.
    let browser = match cx.get(&known_place::server::BROWSER).filter(|it| is_token(it)) {
        Some(key) => key,
        None => random_token()?,
    };
    mark_used(&mut tx, user_id, cx.app.clock.now()).await?;
    let is_new_place = known_place::server::remember_places(cx, &mut tx, user_id, &browser).await?;
    if cx.session.make_room(&mut tx, user_id).await? {
        record_event_about(cx, &mut tx, EventKind::SessionEnded, user_id, "too many").await?;
    }
    let reviews = by_password
        && locked.reviews_access
        && second_factor_policy::server::has_more_than_password(&mut tx, user_id).await?;
    // To remove what isn't theirs, such as a thief's passkey, a user who has just reset the password needs no proof
    // of it.
    let confirmed_at = if reviews && has_recent_password(cx, &mut tx, user_id).await? {
        proofs.confirmed_at(cx.app.config.second_factor.accept, false)
    } else {
        confirmed_at
    };
    let new = NewSession { owner, proofs, confirmed_at, remembered, client: &cx.client };
    let session = cx.session.prepare(&mut tx, &new).await?;
    if let Some(email) = locked.email.as_ref().filter(|_| by_password) {
        failures::clear(&mut tx, &limits::account_subject(email)).await?;
    }
    record_event_about(cx, &mut tx, EventKind::SignedIn, user_id, &proofs.methods().listed())
        .await?;
    if is_new_place {
        send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::NewSignIn {
            event,
            not_me,
        })
        .await?;
    }
    let is_back = locked.deletes_at.is_some()
        && lifecycle::cancel_own_deletion(&mut tx, user_id, *epoch).await?;
    if is_back {
        record_event(cx, &mut tx, EventKind::DeletionCancelled, user_id).await?;
    }
    // With the new password, because a thief's passkey would use it up.
    if by_password && locked.reviews_access {
        lifecycle::clear_review(&mut tx, user_id).await?;
    }
    // Where the user could create new ones.
    let needs_codes = confirmed_at.is_some()
        && cx.app.config.second_factor.accept.includes_codes()
        && count_unused(&mut tx, user_id).await? == Some(0);
    tx.commit().await?;
    cx.session.begin(session, remembered).await?;
    cx.set(&known_place::server::BROWSER, browser, YEAR);
    last_method::remember(cx, proofs);
    let done = match (reviews, needs_codes) {
        (true, _) => Done::go(REVIEW_PAGE),
        (false, true) => Done::go(RECOVERY_CODES_PAGE).with(Notice::RecoveryCodesUsedUp),
        (false, false) => Done::go(go),
    };
    Ok(if is_back { done.with(Notice::DeletionCancelled) } else { done })
}

/// Returns whether the password was set within the time for which a link to reset it works.
async fn has_recent_password(cx: &Context, tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
    let changed_at = password::server::changed_at(tx, user_id).await?.unwrap_or(0);
    let age = cx.app.clock.now().saturating_sub(changed_at);
    Ok((0..=seconds(cx.app.config.tickets.recovery)).contains(&age))
}

/// Makes the session of a user who confirmed their identity fresh, under a new id.
async fn renew_session(
    cx: &Context,
    mut tx: Tx,
    (proofs, confirmed_at): (&Proofs, Option<i64>),
    user: &SignedIn,
) -> Result<(), Error> {
    let rotated = cx.session.add_proofs(&mut tx, user, proofs, confirmed_at).await?;
    let methods = proofs.methods().listed();
    record_event_about(cx, &mut tx, EventKind::Reauthenticated, &user.user_id, &methods).await?;
    tx.commit().await?;
    cx.session.update_cookie(rotated, user).await;
    Ok(())
}

/// Links the proven account and notifies its user. Does nothing if it is already linked to them.
async fn link_account(
    cx: &Context,
    mut tx: Tx,
    user: &SignedIn,
    proof: &Proof,
) -> Result<(), Error> {
    let (user_id, account) =
        (&user.user_id, proof.account.as_ref().ok_or(ServerProblem::Internal)?);
    let rotated = cx.session.rotate(&mut tx, user).await?;
    // Looked up again under the lock: another tab may have linked or unlinked it since the proof.
    let owner = find_owner(&mut tx, account).await?;
    if owner.as_ref().is_some_and(|it| it.user_id != *user_id) {
        return Err(AppError::Social(SocialProblem::LinkedToOtherUser).into());
    }
    if owner.is_none() {
        record_event_about(cx, &mut tx, EventKind::ProviderLinked, user_id, &account.provider)
            .await?;
        // The notice comes first: using it unlinks every account linked from its number on.
        send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::ProviderLinked {
            event,
            provider: cx.app.config.provider_label(&account.provider),
            account: UntrustedText::new(&account.account),
            not_me,
        })
        .await?;
        if !link(&mut tx, user_id, account, cx.app.clock.now()).await? {
            // Another user linked it at the same moment.
            return Err(AppError::Social(SocialProblem::LinkedToOtherUser).into());
        }
    }
    tx.commit().await?;
    cx.session.update_cookie(rotated, user).await;
    Ok(())
}
