//! Mailed codes in place of a second factor.

use super::prover::{Prover, count_as_wrong, notify_of_wrong_codes};
use super::{complete, require_pending};
use crate::audit::EventKind;
use crate::audit::server::record_event;
use crate::error::AppError;
use crate::form::{Done, RowId};
use crate::mailed_sign_in::server as mailed_codes;
use crate::mailed_sign_in::{Code, CodeProblem};
use crate::password::server::failures;
use crate::proof::Method;
use crate::second_factor::MailedCodeState;
use crate::second_factor_policy::server::{Requirement, requirement};
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::sign_in::SignInProblem;
use crate::sign_in::server::PendingAttempt;
use crate::user::server::lock_user;

/// Returns whether a mailed code can replace the factor of this attempt; `None` if the site does not allow it, if the
/// user has no verified email address, if the first factor was a mail too, or where only passkeys count.
pub(super) async fn mailed_code_state(
    cx: &Context,
    tx: &mut Tx,
    pending: &PendingAttempt,
    required: Requirement,
) -> Result<Option<MailedCodeState>, Error> {
    let locked = lock_user(tx, &pending.owner.user_id).await?;
    let is_by_mail = pending.proofs.contains(&Method::Email);
    let policy = &cx.app.config.second_factor;
    let is_allowed =
        policy.by_mail && policy.accept.includes_codes() && !is_by_mail && required.is_lenient();
    if !(is_allowed && locked.is_verified && locked.email.is_some()) {
        return Ok(None);
    }
    Ok(Some(if mailed_codes::is_code_sent(tx, &pending.id).await? {
        MailedCodeState::Sent
    } else {
        MailedCodeState::Possible
    }))
}

/// Mails the user of the pending sign-in a code in place of the second factor.
pub async fn mail_code(cx: &Context, attempt: &RowId) -> Result<(), Error> {
    let pending = require_pending(cx, attempt).await?;
    let mut tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    let user_id = &pending.owner.user_id;
    let email = lock_user(&mut tx, user_id).await?.email;
    let required = requirement(&cx.app, &mut tx, user_id).await?;
    let state = mailed_code_state(cx, &mut tx, &pending, required).await?;
    let email = email.filter(|_| state.is_some()).ok_or(SignInProblem::NoMailedCode)?;
    let account = limits::account_subject(&email);
    let action = LimitedAction::MailedSignIn;
    limits::take_in(&cx.app, &mut tx, action, &cx.client, Some(&account)).await?;
    mailed_codes::send_code(cx, &mut tx, &pending.id, (user_id, &email)).await?;
    record_event(cx, &mut tx, EventKind::SignInMailRequested, user_id).await?;
    tx.commit().await
}

/// Completes the sign-in with the code that was mailed for it.
pub async fn by_mailed_code(cx: &Context, attempt: &RowId, code: &Code) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let prover = Prover::SigningIn(&pending.owner);
    let user_id = &pending.owner.user_id;
    let failures = count_as_wrong(cx, prover).await?;
    let mut tx = prover.lock(cx).await?;
    let required = requirement(&cx.app, &mut tx, user_id).await?;
    let is_possible = mailed_code_state(cx, &mut tx, &pending, required).await?.is_some();
    if is_possible && mailed_codes::use_code(&cx.app, &mut tx, &pending.id, code).await? {
        // Unlike a factor, a mail does not stop a removal of lost factors: it shows no more than that removal's mail.
        failures::clear(&mut tx, &failures::second_factor_key(user_id)).await?;
        return Ok(complete(cx, tx, pending, Method::MailedCode).await?.done);
    }
    prover.record_wrong(cx, &mut tx, Method::MailedCode).await?;
    notify_of_wrong_codes(cx, &mut tx, user_id, failures).await?;
    tx.commit().await?;
    Err(AppError::from(CodeProblem::Wrong).into())
}
