//! Sets up the second factor that a sign-in requires.

use super::prover::Prover;
use super::{complete, expired, is_review, require_pending};
use crate::authenticator_app::AuthenticatorAppForm;
use crate::authenticator_app::server as apps;
use crate::form::{Done, Notice, RowId};
use crate::passkey::PasskeyChallenge;
use crate::passkey::server::{self as passkeys, PasskeyResponse};
use crate::paths::{RECOVERY_CODES_PAGE, SECURITY_PAGE};
use crate::proof::Method;
use crate::second_factor_policy::server::requirement;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::sign_in::server::{PendingAttempt, Step};

/// Locks the user of a pending sign-in that must set up a second factor. Fails for any other: if another browser has
/// set one up, only signing in again helps.
async fn lock_to_set_up(cx: &Context, pending: &PendingAttempt) -> Result<Tx, Error> {
    let mut tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    let required = requirement(&cx.app, &mut tx, &pending.owner.user_id).await?;
    match Step::after_second_factors(required, &pending.proofs) {
        Step::SetUpSecondFactor => Ok(tx),
        _ => Err(expired()),
    }
}

/// Sets up an authenticator app, and completes the sign-in with it.
pub async fn set_up_app(
    cx: &Context,
    attempt: &RowId,
    form: &AuthenticatorAppForm,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let user_id = &pending.owner.user_id;
    let (code, name) = form.parse()?;
    let new = apps::check_set_up(&cx.app, user_id, form, (&code, name))?;
    let mut tx = lock_to_set_up(cx, &pending).await?;
    apps::insert_in(cx, &mut tx, user_id, new).await?;
    let done = complete(cx, tx, pending, Method::AuthenticatorApp).await?.done;
    let next = if is_review(&done) { done } else { Done::go(RECOVERY_CODES_PAGE) };
    Ok(next.with(Notice::AuthenticatorAppAdded))
}

/// Issues a challenge for the passkey to set up.
pub async fn begin_passkey_set_up(
    cx: &Context,
    attempt: &RowId,
) -> Result<PasskeyChallenge, Error> {
    let pending = require_pending(cx, attempt).await?;
    let mut tx = lock_to_set_up(cx, &pending).await?;
    let challenge = passkeys::begin_set_up(cx, &mut tx, &pending.owner.user_id).await?;
    tx.commit().await?;
    Ok(challenge)
}

/// Sets up a passkey, and completes the sign-in with it.
pub async fn set_up_passkey(
    cx: &Context,
    attempt: &RowId,
    response: &PasskeyResponse,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    limits::take(&cx.app, LimitedAction::SignIn, &cx.client, None).await?;
    let mut tx = lock_to_set_up(cx, &pending).await?;
    let method = passkeys::set_up(cx, &mut tx, &pending.owner.user_id, response).await?;
    let done = complete(cx, tx, pending, method).await?.done;
    let accepts_codes = cx.app.config.second_factor.accept.includes_codes();
    let next = if is_review(&done) {
        done
    } else {
        Done::go(if accepts_codes { RECOVERY_CODES_PAGE } else { SECURITY_PAGE })
    };
    Ok(next.with(Notice::PasskeyAdded))
}
