//! Proves the second factor of a sign-in or of the signed-in user.
//!
//! Every code counts as wrong before it is checked, so concurrent guesses don't bypass the limit. Recovery codes
//! can't be guessed and are not limited by account.

use super::{FactorChoice, MailedCodeState, SecondFactorStep, SecondFactorView};
use crate::audit::EventKind;
use crate::audit::server::{record_event, record_event_about};
use crate::authenticator_app::server as apps;
use crate::authenticator_app::{AuthenticatorAppForm, AuthenticatorCode, AuthenticatorCodeProblem};
use crate::error::AppError;
use crate::form::{Done, Notice, RowId};
use crate::mail::server::Mail;
use crate::mailed_sign_in::server as mailed_codes;
use crate::mailed_sign_in::{Code, CodeProblem};
use crate::passkey::PasskeyChallenge;
use crate::passkey::server::{self as passkeys, Ceremony, PasskeyAnswer};
use crate::password::server::failures;
use crate::paths::RECOVERY_CODES_PAGE;
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::recovery;
use crate::recovery_code::server as recovery_codes;
use crate::recovery_code::{FEW_UNUSED, RecoveryCode, RecoveryCodeProblem};
use crate::second_factor_policy::server::{Requirement, requirement};
use crate::security_notice::server::send_security_notice;
use crate::server::config::in_words;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_signed_in, trusted};
use crate::sign_in::SignInProblem;
use crate::sign_in::server::{PENDING_SIGN_IN, PendingAttempt, advance, find_pending};
use crate::ticket::Purpose;
use crate::ticket::server as tickets;
use crate::user::server::{Owner, UserId, lock_user};

/// Returns this browser's pending sign-in and its next step.
pub async fn view(cx: &Context, token: &str) -> Result<SecondFactorView, Error> {
    let pending = find_pending(cx).await?.ok_or_else(expired)?;
    let mut tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    let user_id = pending.owner.user_id.clone();
    let email = lock_user(&mut tx, &user_id).await?.email.map(|it| it.as_str().to_owned());
    let step = match requirement(&cx.app, &mut tx, &user_id).await? {
        Requirement::Prove => SecondFactorStep::Prove {
            has: choice(&cx.app, &mut tx, &user_id).await?,
            trust: cx.app.config.second_factor.trust.map(in_words),
            by_mail: mailed_code_state(cx, &mut tx, &pending).await?,
            recovery_wait: cx.app.config.second_factor.recovery_wait.map(in_words),
        },
        Requirement::Nothing => return Err(expired()),
        Requirement::SetUp => {
            let account = email.as_deref().unwrap_or_default();
            SecondFactorStep::SetUp(apps::offer(&cx.app, &user_id, account, token)?)
        }
    };
    tx.commit().await?;
    Ok(SecondFactorView { attempt: pending.id, email, step })
}

/// Returns the kinds of second factors that a user can prove.
pub async fn choice(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<FactorChoice, Error> {
    Ok(FactorChoice {
        passkeys: passkeys::has_enabled(app, tx, user_id).await?,
        apps: !apps::of_user_in(tx, user_id).await?.is_empty(),
        recovery_codes: recovery_codes::count_unused(tx, user_id).await?.unwrap_or(0) > 0,
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

/// The user who proves a second factor, and the purpose.
#[derive(Clone, Copy)]
enum Prover<'a> {
    /// The user of a pending sign-in.
    SigningIn(&'a Owner),
    /// The signed-in user, who confirms their identity.
    SignedIn(&'a SignedIn),
}

impl Prover<'_> {
    const fn user_id(&self) -> &UserId {
        match self {
            Self::SigningIn(owner) => &owner.user_id,
            Self::SignedIn(user) => &user.user_id,
        }
    }

    /// Locks the user, so that codes are used one after the other. Fails if all sessions were ended since the first
    /// factor was proven, or if the session has ended.
    async fn lock(&self, cx: &Context) -> Result<Tx, Error> {
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

    /// Records that a code was wrong.
    async fn record_wrong(&self, cx: &Context, tx: &mut Tx, method: Method) -> Result<(), Error> {
        let kind = match self {
            Self::SigningIn(_) => EventKind::SignInRefused,
            Self::SignedIn(_) => EventKind::ReauthenticationRefused,
        };
        record_event_about(cx, tx, kind, self.user_id(), &method.to_string()).await
    }
}

/// Counts a code as wrong until it turns out to be right, and returns the number in a row.
async fn count_as_wrong(cx: &Context, prover: Prover<'_>) -> Result<i64, Error> {
    let app = &cx.app;
    let mut tx = prover.lock(cx).await?;
    limits::take_in(app, &mut tx, LimitedAction::SignIn, &cx.client, None).await?;
    let key = failures::second_factor_key(prover.user_id());
    let locked = SignInProblem::SecondFactorLocked;
    let failures = failures::count(app, &mut tx, &key, (false, locked)).await?;
    tx.commit().await?;
    Ok(failures)
}

/// Counts and uses an authenticator app's code. The returned transaction holds the user's lock.
async fn use_authenticator_code(
    cx: &Context,
    prover: Prover<'_>,
    code: &AuthenticatorCode,
) -> Result<Tx, Error> {
    let user_id = prover.user_id();
    let failures = count_as_wrong(cx, prover).await?;
    let mut tx = prover.lock(cx).await?;
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
async fn notify_of_wrong_codes(
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
async fn use_recovery_code(
    cx: &Context,
    prover: Prover<'_>,
    code: &RecoveryCode,
) -> Result<(Tx, i64), Error> {
    limits::take(&cx.app, LimitedAction::SignIn, &cx.client, None).await?;
    let user_id = prover.user_id();
    let mut tx = prover.lock(cx).await?;
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

/// Mails the user of the pending sign-in a link that removes the second factors after the waiting period.
pub async fn request_recovery(cx: &Context, attempt: &RowId) -> Result<(), Error> {
    let pending = require_pending(cx, attempt).await?;
    let tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    recovery::server::factors::request(cx, tx, &pending.owner.user_id).await
}

/// Returns whether a mailed code can replace the factor of this attempt; `None` if the site does not allow it, if the
/// user has no verified email address, or if the first factor was a mail too.
async fn mailed_code_state(
    cx: &Context,
    tx: &mut Tx,
    pending: &PendingAttempt,
) -> Result<Option<MailedCodeState>, Error> {
    let locked = lock_user(tx, &pending.owner.user_id).await?;
    let is_allowed = cx.app.config.second_factor.by_mail && !pending.is_by_mail;
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
    let state = mailed_code_state(cx, &mut tx, &pending).await?;
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
    let is_possible = mailed_code_state(cx, &mut tx, &pending).await?.is_some();
    if is_possible && mailed_codes::use_code(&cx.app, &mut tx, &pending.id, code).await? {
        // Unlike a factor, a mail does not stop a removal of lost factors: it shows no more than that removal's mail.
        failures::clear(&mut tx, &failures::second_factor_key(user_id)).await?;
        return complete(cx, tx, pending, Method::MailedCode).await;
    }
    prover.record_wrong(cx, &mut tx, Method::MailedCode).await?;
    notify_of_wrong_codes(cx, &mut tx, user_id, failures).await?;
    tx.commit().await?;
    Err(AppError::from(CodeProblem::Wrong).into())
}

/// Takes the pending attempt and completes the sign-in with this proof.
async fn complete(
    cx: &Context,
    mut tx: Tx,
    pending: PendingAttempt,
    method: Method,
) -> Result<Done, Error> {
    let attempt = pending.take(cx, &mut tx).await?.ok_or_else(expired)?;
    tx.commit().await?;
    cx.clear(&PENDING_SIGN_IN);
    advance(cx, attempt, Proof::new(method, pending.owner, cx.app.clock.now())).await
}

/// Completes the sign-in with an authenticator app's code, and trusts this browser if asked to.
pub async fn by_authenticator_code(
    cx: &Context,
    attempt: &RowId,
    code: &AuthenticatorCode,
    trust: bool,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let tx = use_authenticator_code(cx, Prover::SigningIn(&pending.owner), code).await?;
    complete_by_factor(cx, tx, pending, Method::AuthenticatorApp, trust).await
}

/// Completes the pending sign-in with a factor, and trusts this browser if asked to. Leads to the page of new
/// recovery codes if none is unused.
async fn complete_by_factor(
    cx: &Context,
    mut tx: Tx,
    pending: PendingAttempt,
    method: Method,
    trust: bool,
) -> Result<Done, Error> {
    let user_id = pending.owner.user_id.clone();
    let left = recovery_codes::count_unused(&mut tx, &user_id).await?;
    let done = complete(cx, tx, pending, method).await?;
    if trust {
        trusted::trust(cx, &user_id).await?;
    }
    // Every sign-in without unused codes leads to new ones.
    Ok(if left == Some(0) {
        Done::go(RECOVERY_CODES_PAGE).with(Notice::RecoveryCodesUsedUp)
    } else {
        done
    })
}

/// Issues a challenge for the passkeys of the pending sign-in's user.
pub async fn begin_passkey(cx: &Context, attempt: &RowId) -> Result<PasskeyChallenge, Error> {
    let pending = require_pending(cx, attempt).await?;
    passkeys::begin_second_factor(cx, &pending.owner.user_id).await
}

/// Completes the sign-in with a passkey, and trusts this browser if asked to.
pub async fn by_passkey(
    cx: &Context,
    attempt: &RowId,
    answer: &PasskeyAnswer,
    trust: bool,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    limits::take(&cx.app, LimitedAction::SignIn, &cx.client, None).await?;
    let tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    let user_id = &pending.owner.user_id;
    let tx = passkeys::prove(cx, tx, (Ceremony::SecondFactor(user_id), user_id), answer).await?;
    complete_by_factor(cx, tx, pending, Method::Passkey, trust).await
}

/// Completes the sign-in with a recovery code. If few are left, it leads to the page that creates new ones.
pub async fn by_recovery_code(
    cx: &Context,
    attempt: &RowId,
    code: &RecoveryCode,
) -> Result<Done, Error> {
    let pending = require_pending(cx, attempt).await?;
    let (tx, left) = use_recovery_code(cx, Prover::SigningIn(&pending.owner), code).await?;
    let done = complete(cx, tx, pending, Method::RecoveryCode).await?;
    Ok(if left <= FEW_UNUSED {
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
    let mut tx = Prover::SigningIn(&pending.owner).lock(cx).await?;
    if requirement(&cx.app, &mut tx, user_id).await? != Requirement::SetUp {
        // Another browser has set one up: only signing in again helps.
        return Err(expired());
    }
    apps::insert_in(cx, &mut tx, user_id, new).await?;
    complete(cx, tx, pending, Method::AuthenticatorApp).await?;
    Ok(Done::go(RECOVERY_CODES_PAGE).with(Notice::AuthenticatorAppAdded))
}

/// Proves the signed-in user's second factor by an authenticator app's code.
pub async fn confirm_by_authenticator_code(
    cx: &Context,
    user: &SignedIn,
    code: &AuthenticatorCode,
) -> Result<Proof, Error> {
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
