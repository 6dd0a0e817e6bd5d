//! Checks codes, of a sign-in or of the signed-in user.
//!
//! Every code counts as wrong before it is checked, so concurrent guesses don't bypass the limit. Recovery codes
//! can't be guessed and are not limited by account.

use super::expired;
use crate::audit::EventKind;
use crate::audit::server::{record_event, record_event_about};
use crate::authenticator_app::server as apps;
use crate::authenticator_app::{AuthenticatorCode, AuthenticatorCodeProblem};
use crate::error::AppError;
use crate::mail::server::Mail;
use crate::password::server::failures;
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::recovery_code::server as recovery_codes;
use crate::recovery_code::{RecoveryCode, RecoveryCodeProblem};
use crate::second_factor_policy::server::{has_passkey, provable};
use crate::security_notice::server::send_security_notice;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::sign_in::SignInProblem;
use crate::ticket::Purpose;
use crate::ticket::server as tickets;
use crate::user::server::{Owner, UserId, lock_user};

/// The user who proves a second factor, and the purpose.
#[derive(Clone, Copy)]
pub(super) enum Prover<'a> {
    /// The user of a pending sign-in.
    SigningIn(&'a Owner),
    /// The signed-in user, who confirms their identity.
    SignedIn(&'a SignedIn),
}

impl Prover<'_> {
    pub(super) const fn user_id(&self) -> &UserId {
        match self {
            Self::SigningIn(owner) => &owner.user_id,
            Self::SignedIn(user) => &user.user_id,
        }
    }

    /// Locks the user, so that codes are used one after the other. Fails if all sessions were ended since the first
    /// factor was proven, or if the session has ended.
    pub(super) async fn lock(&self, cx: &Context) -> Result<Tx, Error> {
        let mut tx = cx.app.db.begin().await?;
        match self {
            Self::SigningIn(owner) => {
                let locked = lock_user(&mut tx, &owner.user_id).await?;
                let is_blocked = locked.is_blocked(cx.app.timekeeper.range().earliest);
                if locked.epoch != owner.epoch || is_blocked {
                    return Err(expired());
                }
            }
            Self::SignedIn(user) => lock_signed_in(&cx.app, &mut tx, user).await.map(drop)?,
        }
        Ok(tx)
    }

    /// Locks the user for a code. Fails if only passkeys count for them.
    async fn lock_for_code(&self, cx: &Context) -> Result<Tx, Error> {
        let mut tx = self.lock(cx).await?;
        match provable(&cx.app, &mut tx, self.user_id()).await? {
            Some(accepted) if !accepted.includes_codes() => {
                Err(SignInProblem::SecondFactorNotAccepted.into())
            }
            _ => Ok(tx),
        }
    }

    /// Records that a code was wrong.
    pub(super) async fn record_wrong(
        &self,
        cx: &Context,
        tx: &mut Tx,
        method: Method,
    ) -> Result<(), Error> {
        let kind = match self {
            Self::SigningIn(_) => EventKind::SignInRefused,
            Self::SignedIn(_) => EventKind::ReauthenticationRefused,
        };
        record_event_about(cx, tx, kind, self.user_id(), &method.to_string()).await
    }
}

/// Counts a code as wrong until it turns out to be right, and returns the number in a row.
pub(super) async fn count_as_wrong(cx: &Context, prover: Prover<'_>) -> Result<i64, Error> {
    let app = &cx.app;
    let mut tx = prover.lock_for_code(cx).await?;
    limits::take_in(app, &mut tx, LimitedAction::SignIn, &cx.client, None).await?;
    let key = failures::second_factor_key(prover.user_id());
    let locked = SignInProblem::SecondFactorLocked;
    let failures = failures::count(app, &mut tx, &key, (false, locked)).await?;
    tx.commit().await?;
    Ok(failures)
}

/// Counts and uses an authenticator app's code. The returned transaction holds the user's lock.
pub(super) async fn use_authenticator_code(
    cx: &Context,
    prover: Prover<'_>,
    code: &AuthenticatorCode,
) -> Result<Tx, Error> {
    let user_id = prover.user_id();
    let failures = count_as_wrong(cx, prover).await?;
    let mut tx = prover.lock_for_code(cx).await?;
    match apps::use_code(&cx.app, &mut tx, user_id, code).await {
        Ok(true) => {
            was_proven(&mut tx, user_id).await?;
            Ok(tx)
        }
        Ok(false) => {
            prover.record_wrong(cx, &mut tx, Method::AuthenticatorApp).await?;
            notify_of_wrong_codes(cx, &mut tx, user_id, failures).await?;
            tx.commit().await?;
            Err(AppError::from(AuthenticatorCodeProblem::Wrong).into())
        }
        Err(error) => {
            // The code was not checked.
            failures::release_in(&mut tx, &failures::second_factor_key(user_id)).await?;
            tx.commit().await?;
            Err(error)
        }
    }
}

/// Tells the owner when wrong codes begin to delay sign-ins, because someone has the first factor, and when they lock
/// the codes.
pub(super) async fn notify_of_wrong_codes(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    failures: i64,
) -> Result<(), Error> {
    let config = &cx.app.config.password;
    let is_locked = failures >= i64::from(config.max_failures);
    if is_locked {
        record_event(cx, tx, EventKind::CodesLocked, user_id).await?;
    }
    if is_locked || failures == i64::from(config.free_failures) + 1 {
        send_security_notice(cx, tx, user_id, |event, not_me| Mail::WrongCodes { event, not_me })
            .await?;
    }
    Ok(())
}

/// Uses a recovery code, and returns how many are left.
pub(super) async fn use_recovery_code(
    cx: &Context,
    prover: Prover<'_>,
    code: &RecoveryCode,
) -> Result<(Tx, i64), Error> {
    limits::take(&cx.app, LimitedAction::SignIn, &cx.client, None).await?;
    let user_id = prover.user_id();
    let mut tx = prover.lock_for_code(cx).await?;
    if let Some(left) = recovery_codes::use_code(cx, &mut tx, user_id, code).await? {
        was_proven(&mut tx, user_id).await?;
        return Ok((tx, left));
    }
    prover.record_wrong(cx, &mut tx, Method::RecoveryCode).await?;
    tx.commit().await?;
    Err(AppError::from(RecoveryCodeProblem::Wrong).into())
}

/// Forgets wrong codes, and stops a removal of lost factors: the owner was there and has one.
async fn was_proven(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    failures::clear(tx, &failures::second_factor_key(user_id)).await?;
    tickets::revoke(tx, user_id, Purpose::FactorRecovery).await
}

/// Proves the signed-in user's second factor by an authenticator app's code. Refused to a user who has a passkey, the
/// stronger one, before the code is used.
pub async fn confirm_by_authenticator_code(
    cx: &Context,
    user: &SignedIn,
    code: &AuthenticatorCode,
) -> Result<Proof, Error> {
    let mut tx = cx.app.db.snapshot().await?;
    if has_passkey(&cx.app, &mut tx, &user.user_id).await? {
        return Err(SignInProblem::SecondFactorNotAccepted.into());
    }
    drop(tx);
    use_authenticator_code(cx, Prover::SignedIn(user), code).await?.commit().await?;
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
