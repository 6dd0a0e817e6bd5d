//! Proves the second factor of a sign-in or of the signed-in user.

mod mailed;
mod prover;
mod set_up;

use super::{FactorChoice, SecondFactorStep, SecondFactorView};
use crate::authenticator_app::AuthenticatorCode;
use crate::authenticator_app::server as apps;
use crate::form::{Done, Notice, RowId};
use crate::passkey::PasskeyChallenge;
use crate::passkey::server::{self as passkeys, Ceremony, PasskeyResponse, relying_party};
use crate::paths::{RECOVERY_CODES_PAGE, REVIEW_PAGE};
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::recovery;
use crate::recovery_code::server as recovery_codes;
use crate::recovery_code::{FEW_UNUSED, RecoveryCode};
use crate::second_factor_policy::server::{Requirement, multi_factor_provider, requirement};
use crate::server::config::{AcceptedFactors, in_words};
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Context, Error};
use crate::session::server::trusted;
use crate::sign_in::SignInProblem;
use crate::sign_in::server::{PENDING_SIGN_IN, PendingAttempt, Step, advance, find_pending};
use crate::user::Email;
use crate::user::server::{UserId, lock_user};

pub use mailed::{by_mailed_code, mail_code};
pub use prover::{confirm_by_authenticator_code, confirm_by_recovery_code};
pub use set_up::{begin_passkey_set_up, set_up_app, set_up_passkey};

use mailed::mailed_code_state;
use prover::{Prover, use_authenticator_code, use_recovery_code};

/// Returns this browser's pending sign-in and its next step.
pub async fn view(cx: &Context, token: &str) -> Result<SecondFactorView, Error> {
    let pending = find_pending(cx).await?.ok_or_else(expired)?;
    let mut tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    let user_id = &pending.owner.user_id;
    let email = lock_user(&mut tx, user_id).await?.email;
    let email = email.as_ref().map(Email::as_str);
    let required = requirement(&cx.app, &mut tx, user_id).await?;
    let step = match Step::after_second_factors(required, &pending.proofs) {
        Step::ProveSecondFactor => step_to_prove(cx, &mut tx, &pending, required).await?,
        Step::SetUpSecondFactor => step_to_set_up(&cx.app, user_id, email, token)?,
        _ => return Err(expired()),
    };
    tx.commit().await?;
    Ok(SecondFactorView { email: email.map(str::to_owned), attempt: pending.id, step })
}

async fn step_to_prove(
    cx: &Context,
    tx: &mut Tx,
    pending: &PendingAttempt,
    required: Requirement,
) -> Result<SecondFactorStep, Error> {
    let (policy, provable) = (&cx.app.config.second_factor, required.provable());
    let by_mail = mailed_code_state(cx, tx, pending, required).await?;
    Ok(SecondFactorStep::Prove {
        has: choice(&cx.app, tx, &pending.owner.user_id, provable).await?,
        provider: multi_factor_provider(&cx.app, tx, &pending.owner.user_id)
            .await?
            .filter(|_| provable.includes_codes()),
        accepts_codes: provable.includes_codes(),
        trust: trusted::trust_period(&cx.app).filter(|_| required.is_lenient()).map(in_words),
        by_mail,
        recovery_wait: policy.recovery_wait.map(in_words),
    })
}

fn step_to_set_up(
    app: &App,
    user_id: &UserId,
    email: Option<&str>,
    token: &str,
) -> Result<SecondFactorStep, Error> {
    let accepted = app.config.second_factor.accept;
    let new_app = if accepted.includes_codes() {
        Some(apps::offer(app, user_id, email.unwrap_or_default(), token)?)
    } else {
        None
    };
    Ok(SecondFactorStep::SetUp {
        app: new_app,
        has_passkeys: relying_party::is_available(&app.config),
        is_device_bound: !accepted.includes_passkey(false),
    })
}

/// Returns the kinds of second factors among these that a user can prove.
pub async fn choice(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    accepted: AcceptedFactors,
) -> Result<FactorChoice, Error> {
    let codes = accepted.includes_codes();
    Ok(FactorChoice {
        passkeys: passkeys::has_accepted(app, tx, user_id, accepted).await?,
        apps: codes && !apps::of_user_in(tx, user_id).await?.is_empty(),
        recovery_codes: codes && recovery_codes::count_unused(tx, user_id).await?.unwrap_or(0) > 0,
    })
}

fn expired() -> Error {
    SignInProblem::SecondFactorExpired.into()
}

/// Returns the pending attempt that the form names. Fails if it expired or another tab replaced it.
async fn require_pending(cx: &Context, attempt_id: &RowId) -> Result<PendingAttempt, Error> {
    let pending = find_pending(cx).await?.ok_or_else(expired)?;
    if pending.id == attempt_id.as_str() { Ok(pending) } else { Err(expired()) }
}

/// Mails the user of the pending sign-in a link that removes the second factors after the waiting period.
pub async fn request_recovery(cx: &Context, attempt: &RowId) -> Result<(), Error> {
    let pending = require_pending(cx, attempt).await?;
    let tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    recovery::server::factors::request(cx, tx, &pending.owner.user_id).await
}

/// A pending sign-in after another proof.
struct Continued {
    done: Done,
    /// Whether a session started. If not, the site requires another factor.
    is_signed_in: bool,
}

/// Takes the pending attempt and continues the sign-in with this proof. The transaction holds the user's lock. Refused,
/// and nothing is used up, if the site does not accept this factor from a user who has a better one.
async fn complete(
    cx: &Context,
    mut tx: Tx,
    pending: PendingAttempt,
    method: Method,
) -> Result<Continued, Error> {
    let now = cx.app.clock.now();
    let required = requirement(&cx.app, &mut tx, &pending.owner.user_id).await?;
    let mut proofs = pending.proofs.clone();
    proofs.add(method.clone(), now);
    let step = Step::after_second_factors(required, &proofs);
    if step == Step::ProveSecondFactor {
        return Err(SignInProblem::SecondFactorNotAccepted.into());
    }
    let attempt = pending.take(cx, &mut tx).await?.ok_or_else(expired)?;
    tx.commit().await?;
    cx.clear(&PENDING_SIGN_IN);
    let done = advance(cx, attempt, Proof::new(method, pending.owner, now)).await?;
    Ok(Continued { done, is_signed_in: step == Step::Done })
}

/// Continues the sign-in with an authenticator app's code, and trusts this browser if asked to.
pub async fn by_authenticator_code(
    cx: &Context,
    attempt: &RowId,
    code: &AuthenticatorCode,
    trust: bool,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let tx = use_authenticator_code(cx, Prover::SigningIn(&pending.owner), code).await?;
    by_factor(cx, tx, pending, Method::AuthenticatorApp, trust).await
}

/// Continues the pending sign-in with a factor, and trusts this browser if asked to.
async fn by_factor(
    cx: &Context,
    tx: Tx,
    pending: PendingAttempt,
    method: Method,
    trust: bool,
) -> Result<Done, Error> {
    let user_id = pending.owner.user_id.clone();
    let Continued { done, is_signed_in } = complete(cx, tx, pending, method).await?;
    if trust && is_signed_in {
        trusted::trust(cx, &user_id).await?;
    }
    Ok(done)
}

fn is_review(done: &Done) -> bool {
    done.go.as_deref() == Some(REVIEW_PAGE)
}

/// Issues a challenge for the passkeys of the pending sign-in's user.
pub async fn begin_passkey(cx: &Context, attempt: &RowId) -> Result<PasskeyChallenge, Error> {
    let pending = require_pending(cx, attempt).await?;
    let user_id = &pending.owner.user_id;
    let mut tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    let provable = requirement(&cx.app, &mut tx, user_id).await?.provable();
    tx.commit().await?;
    passkeys::begin_second_factor(cx, user_id, provable).await
}

/// Continues the sign-in with a passkey, and trusts this browser if asked to.
pub async fn by_passkey(
    cx: &Context,
    attempt: &RowId,
    response: &PasskeyResponse,
    trust: bool,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    limits::take(&cx.app, LimitedAction::SignIn, &cx.client, None).await?;
    let tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    let user_id = &pending.owner.user_id;
    let (tx, method) =
        passkeys::prove(cx, tx, (Ceremony::SecondFactor(user_id), user_id), response).await?;
    by_factor(cx, tx, pending, method, trust).await
}

/// Continues the sign-in with a recovery code. If few are left, it leads to the page that creates new ones.
pub async fn by_recovery_code(
    cx: &Context,
    attempt: &RowId,
    code: &RecoveryCode,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let (tx, left) = use_recovery_code(cx, Prover::SigningIn(&pending.owner), code).await?;
    let Continued { done, is_signed_in } = complete(cx, tx, pending, Method::RecoveryCode).await?;
    Ok(if is_signed_in && left <= FEW_UNUSED && !is_review(&done) {
        Done::go(RECOVERY_CODES_PAGE).with(Notice::RecoveryCodesLow)
    } else {
        done
    })
}
