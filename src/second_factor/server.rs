//! Proves the second factor of a sign-in or of the signed-in user.
//!
//! Every code counts as wrong before it is checked, so concurrent guesses don't bypass the limit. Recovery codes
//! can't be guessed and are not limited by account.

use super::{SecondFactorStep, SecondFactorView};
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::authenticator_app::server as apps;
use crate::authenticator_app::{AppCode, AppCodeProblem, AuthenticatorAppForm};
use crate::error::AppError;
use crate::factor::server::{Requirement, failure_key, requirement};
use crate::form::{Done, Notice, RowId};
use crate::password::server::failures;
use crate::paths::RECOVERY_CODES_PAGE;
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::recovery_code::server as recovery_codes;
use crate::recovery_code::{FEW, RecoveryCode, RecoveryCodeProblem};
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::sign_in::SignInProblem;
use crate::sign_in::server::{Attempt, PENDING, PendingAttempt, advance, find_pending};
use crate::user::server::{Owner, UserId, lock_user};

/// Returns what the sign-in that waits in this browser needs.
pub async fn view(cx: &Context, token: &str) -> Result<SecondFactorView, Error> {
    let PendingAttempt { id, owner, .. } = find_pending(cx).await?.ok_or_else(expired)?;
    let user_id = owner.user_id;
    let mut tx = cx.app.db.begin().await?;
    let email = lock_user(&mut tx, &user_id).await?.email.map(|it| it.as_str().to_owned());
    let step = match requirement(&cx.app, &mut tx, &user_id).await? {
        Requirement::Proof => SecondFactorStep::Prove {
            has_recovery_codes: recovery_codes::left(&mut tx, &user_id).await?.unwrap_or(0) > 0,
        },
        Requirement::Nothing | Requirement::SetUp => {
            let account = email.as_deref().unwrap_or_default();
            SecondFactorStep::SetUp(apps::offer(&cx.app, &user_id, account, token)?)
        }
    };
    tx.commit().await?;
    Ok(SecondFactorView { attempt: id, email, step })
}

fn expired() -> Error {
    SignInProblem::SecondFactorExpired.into()
}

/// Returns the attempt that a form was shown for. Fails if it is over, or if another tab has begun one since.
async fn require_pending(cx: &Context, attempt_id: &RowId) -> Result<PendingAttempt, Error> {
    let pending = find_pending(cx).await?.ok_or_else(expired)?;
    if pending.id == attempt_id.as_str() { Ok(pending) } else { Err(expired()) }
}

/// Counts a code as wrong until it turns out to be right.
async fn count(cx: &Context, user_id: &UserId) -> Result<(), Error> {
    let app = &cx.app;
    let mut tx = app.db.begin().await?;
    limits::take_in(app, &mut tx, LimitedAction::SignIn, &cx.client, None).await?;
    match failures::count(app, &mut tx, &failure_key(user_id), false).await {
        Ok(_) => tx.commit().await,
        Err(Error::Refused(AppError::SignIn(SignInProblem::PasswordLocked))) => {
            Err(SignInProblem::SecondFactorLocked.into())
        }
        Err(error) => Err(error),
    }
}

/// The user whose factor is proven, and for what.
#[derive(Clone, Copy)]
enum Prover<'a> {
    /// A user whose sign-in waits.
    SigningIn(&'a UserId),
    /// The signed-in user, who confirms their identity.
    SignedIn(&'a SignedIn),
}

impl Prover<'_> {
    const fn user_id(&self) -> &UserId {
        match self {
            Self::SigningIn(user_id) => user_id,
            Self::SignedIn(user) => &user.user_id,
        }
    }

    /// Locks the user, so that codes are used one after the other. Fails if the session has ended.
    async fn lock(&self, cx: &Context) -> Result<Tx, Error> {
        let mut tx = cx.app.db.begin().await?;
        match self {
            Self::SigningIn(user_id) => lock_user(&mut tx, user_id).await?,
            Self::SignedIn(user) => lock_signed_in(&cx.app, &mut tx, user).await?,
        };
        Ok(tx)
    }

    /// Records that a code was wrong.
    async fn record_wrong(&self, cx: &Context, mut tx: Tx, method: Method) -> Result<(), Error> {
        let kind = match self {
            Self::SigningIn(_) => EventKind::SignInRefused,
            Self::SignedIn(_) => EventKind::ReauthenticationRefused,
        };
        record_event_about(cx, &mut tx, kind, self.user_id(), &method.to_string()).await?;
        tx.commit().await
    }
}

/// Uses an authenticator app's code that was counted. The returned transaction holds the user's lock.
async fn use_app_code(cx: &Context, prover: Prover<'_>, code: &AppCode) -> Result<Tx, Error> {
    let user_id = prover.user_id();
    let mut tx = prover.lock(cx).await?;
    if apps::use_code(&cx.app, &mut tx, user_id, code).await? {
        failures::clear(&mut tx, &failure_key(user_id)).await?;
        return Ok(tx);
    }
    prover.record_wrong(cx, tx, Method::AuthenticatorApp).await?;
    Err(AppError::from(AppCodeProblem::Wrong).into())
}

/// Uses a recovery code, and returns how many are left.
async fn use_recovery_code(
    cx: &Context,
    prover: Prover<'_>,
    code: &RecoveryCode,
) -> Result<(Tx, i64), Error> {
    limits::take(&cx.app, LimitedAction::SignIn, &cx.client, None).await?;
    let user_id = prover.user_id();
    let mut tx = prover.lock(cx).await?;
    if let Some(left) = recovery_codes::use_code(cx, &mut tx, user_id, code).await? {
        // The owner was there, so earlier wrong codes are forgotten.
        failures::clear(&mut tx, &failure_key(user_id)).await?;
        return Ok((tx, left));
    }
    prover.record_wrong(cx, tx, Method::RecoveryCode).await?;
    Err(AppError::from(RecoveryCodeProblem::Wrong).into())
}

/// Takes the attempt and completes it, in which the user has proven this method.
async fn complete(
    cx: &Context,
    mut tx: Tx,
    pending: PendingAttempt,
    method: Method,
) -> Result<Done, Error> {
    let browser = cx.get(&PENDING).unwrap_or_default();
    let attempt = Attempt::take(&cx.app, &mut tx, &pending.id, &browser).await?;
    let attempt = attempt.ok_or_else(expired)?;
    tx.commit().await?;
    cx.clear(&PENDING);
    advance(cx, attempt, Proof::new(method, pending.owner, cx.app.clock.now())).await
}

/// Completes the sign-in with an authenticator app's code.
pub async fn by_app_code(cx: &Context, attempt: &RowId, code: &AppCode) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let user_id = &pending.owner.user_id;
    count(cx, user_id).await?;
    let tx = use_app_code(cx, Prover::SigningIn(user_id), code).await?;
    complete(cx, tx, pending, Method::AuthenticatorApp).await
}

/// Completes the sign-in with a recovery code. If few are left, it leads to the page that creates new ones.
pub async fn by_recovery_code(
    cx: &Context,
    attempt: &RowId,
    code: &RecoveryCode,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let user_id = &pending.owner.user_id;
    let (tx, left) = use_recovery_code(cx, Prover::SigningIn(user_id), code).await?;
    let done = complete(cx, tx, pending, Method::RecoveryCode).await?;
    Ok(if left <= FEW {
        Done::go(RECOVERY_CODES_PAGE).with(Notice::RecoveryCodesLow)
    } else {
        done
    })
}

/// Sets up the first second factor, and completes the sign-in with it.
pub async fn set_up(
    cx: &Context,
    attempt: &RowId,
    form: &AuthenticatorAppForm,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let user_id = &pending.owner.user_id;
    let (code, name) = form.parse()?;
    let new = apps::check_set_up(&cx.app, user_id, form, (&code, name))?;
    let mut tx = cx.app.db.begin().await?;
    let locked = lock_user(&mut tx, user_id).await?;
    if locked.epoch != pending.owner.epoch
        || requirement(&cx.app, &mut tx, user_id).await? != Requirement::SetUp
    {
        // Another browser has set one up, or all sessions were ended: only signing in again helps.
        return Err(expired());
    }
    apps::insert_in(cx, &mut tx, user_id, new).await?;
    complete(cx, tx, pending, Method::AuthenticatorApp).await?;
    Ok(Done::go(RECOVERY_CODES_PAGE).with(Notice::AuthenticatorAppAdded))
}

/// Proves the signed-in user's second factor by an authenticator app's code.
pub async fn confirm_by_app_code(
    cx: &Context,
    user: &SignedIn,
    code: &AppCode,
) -> Result<Proof, Error> {
    count(cx, &user.user_id).await?;
    use_app_code(cx, Prover::SignedIn(user), code).await?.commit().await?;
    Ok(proof(cx, user, Method::AuthenticatorApp))
}

/// Proves the signed-in user's second factor by a recovery code.
pub async fn confirm_by_recovery_code(
    cx: &Context,
    user: &SignedIn,
    code: &RecoveryCode,
) -> Result<Proof, Error> {
    use_recovery_code(cx, Prover::SignedIn(user), code).await?.0.commit().await?;
    Ok(proof(cx, user, Method::RecoveryCode))
}

fn proof(cx: &Context, user: &SignedIn, method: Method) -> Proof {
    let owner = Owner { user_id: user.user_id.clone(), epoch: user.epoch };
    Proof::new(method, owner, cx.app.clock.now())
}
