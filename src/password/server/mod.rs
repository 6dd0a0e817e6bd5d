//! Checks, changes and stores passwords.

pub mod breached;
mod context;
pub mod failures;
mod hasher;
mod policy;

use super::Strength;
use super::{Credentials, NewPassword, PasswordProblem, normalized};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{Entry, record, record_event};
use crate::error::{AccessProblem, AppError, Problems};
use crate::mail::server::{self as mail, EventOrigin, Mail};
use crate::proof::Method;
use crate::proof::server::{Proof, Proofs};
use crate::record;
use crate::second_factor_policy::server::require_known_factors;
use crate::secret::Secret;
use crate::security_notice::server::send_security_notice;
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, end_others_in};
use crate::sign_in::SignInProblem;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem};
use crate::user::server::Owner;
use crate::user::server::{UserId, lock_user};

pub use breached::BreachedPasswords;
pub use hasher::{Hasher, PasswordHash};
pub use policy::{Accepted, Meter, hash_new};

const CHANGED_AT: &str = "
    SELECT changed_at
    FROM passwords
    WHERE user_id = $1";

const FIND_BY_EMAIL: &str = "
    SELECT p.user_id, u.session_epoch, p.hash,
        (SELECT COUNT(*) FROM known_places k
            WHERE k.user_id = u.id AND k.kind = 'browser' AND k.place = $2) AS known
    FROM users u
    JOIN passwords p ON p.user_id = u.id
    WHERE u.email_key = $1";

const FIND_HASH: &str = "
    SELECT hash
    FROM passwords
    WHERE user_id = $1";

const STORE: &str = "
    INSERT INTO passwords (user_id, hash, changed_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at";

const DELETE: &str = "
    DELETE FROM passwords
    WHERE user_id = $1";

const REHASH: &str = "
    UPDATE passwords
    SET hash = $1
    WHERE user_id = $2 AND hash = $3";

record! {
    struct Stored {
        user_id: String,
        session_epoch: i64,
        hash: String,
        /// 1 if the account knows the browser of this request.
        known: i64,
    }
}

/// Finds the user with these credentials.
///
/// An unknown email address and a wrong password take the same time and get the same response: one
/// look-up, one count and one verification each.
pub async fn authenticate(cx: &Context, credentials: &Credentials) -> Result<Proof, Error> {
    let app = &cx.app;
    let account = limits::account_subject(&credentials.email);
    let browser = cx.get(&crate::known_place::server::BROWSER).map(digest).unwrap_or_default();
    let mut tx = app.db.begin().await?;
    // Inside the transaction, though it changes nothing: a second connection would cost as much again.
    let stored: Option<Stored> =
        tx.fetch_optional(FIND_BY_EMAIL, args![credentials.email.key(), browser]).await?;
    limits::take_in(app, &mut tx, LimitedAction::SignIn, &cx.client, Some(&account)).await?;
    let is_known = stored.as_ref().is_some_and(|it| it.known > 0);
    let failures =
        failures::count(app, &mut tx, &account, (is_known, SignInProblem::PasswordLocked)).await?;
    tx.commit().await?;
    let hash = stored.as_ref().map_or(app.hasher.decoy(), |it| it.hash.as_str());
    let Some(form) = verify(app, &account, &credentials.password, hash).await? else {
        let user_id = stored.map(|it| UserId::from(it.user_id));
        record_wrong_password(cx, user_id.as_ref(), failures).await?;
        return Err(SignInProblem::InvalidCredentials.into());
    };
    // No password matches the decoy.
    let stored = stored.ok_or(SignInProblem::InvalidCredentials)?;
    if (form == HashedForm::Typed || app.hasher.is_outdated(&stored.hash))
        && let Err(error) = rehash(app, &stored, &credentials.password).await
    {
        // The password was right; the next sign-in tries the renewal again.
        tracing::warn!(error = error.chain(), "a password hash was not renewed");
    }
    let owner = Owner { user_id: stored.user_id.into(), epoch: stored.session_epoch };
    Ok(Proof::by_password(owner, account, app.clock.now()))
}

/// The form of the password from which a hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HashedForm {
    Normal,
    /// As typed: the hash is older than the rule that passwords are normalized.
    Typed,
}

/// Returns the form in which the password matches this hash. A password that is not normalized
/// costs a second verification, whether or not there is an account.
async fn matching_form(
    app: &App,
    password: &Secret,
    hash: &str,
) -> Result<Option<HashedForm>, Error> {
    let normal = normalized(password);
    if app.hasher.verify(&normal, hash).await? {
        return Ok(Some(HashedForm::Normal));
    }
    let is_typed = normal != *password && app.hasher.verify(password, hash).await?;
    Ok(is_typed.then_some(HashedForm::Typed))
}

/// Checks a password already counted as a failure. If it can't be checked, it no longer counts.
async fn verify(
    app: &App,
    account: &str,
    password: &Secret,
    hash: &str,
) -> Result<Option<HashedForm>, Error> {
    match matching_form(app, password, hash).await {
        Ok(form) => Ok(form),
        Err(error) => {
            failures::release(app, account).await?;
            Err(error)
        }
    }
}

/// Records a wrong password, but never its text, and tells the owner if it locked the password.
async fn record_wrong_password(
    cx: &Context,
    user_id: Option<&UserId>,
    failures: i64,
) -> Result<(), Error> {
    let app = &cx.app;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    record(
        &mut tx,
        &Entry::new(EventKind::SignInRefused, user_id).about("password"),
        &cx.client,
        now,
    )
    .await?;
    if let Some(user_id) = user_id {
        notify_if_locked(cx, &mut tx, user_id, failures).await?;
    }
    tx.commit().await
}

/// Tells the owner if this failure locked their password.
async fn notify_if_locked(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    failures: i64,
) -> Result<(), Error> {
    let app = &cx.app;
    if failures < i64::from(app.config.password.max_failures) {
        return Ok(());
    }
    let email = lock_user(tx, user_id).await?.email;
    record_event(cx, tx, EventKind::PasswordLocked, user_id).await?;
    let mail = Mail::PasswordLocked { event: EventOrigin::new(app.clock.now(), &cx.client) };
    match email {
        Some(email) => mail::send(app, tx, Some(user_id), &email, &mail).await,
        None => Ok(()),
    }
}

/// Returns when the user's password was set, in Unix seconds; `None` without one.
pub async fn changed_at(tx: &mut Tx, user_id: &UserId) -> Result<Option<i64>, Error> {
    tx.scalar_optional(CHANGED_AT, args![user_id.as_str()]).await
}

/// Returns whether an account has this email address and password. Counts like a sign-in.
pub async fn check_account_password(
    cx: &Context,
    email: &str,
    password: &Secret,
) -> Result<bool, Error> {
    let email = email.parse().map_err(|_| AppError::Ticket(TicketProblem::Invalid))?;
    match authenticate(cx, &Credentials { email, password: password.clone() }).await {
        Ok(_) => Ok(true),
        Err(Error::Refused(AppError::SignIn(SignInProblem::InvalidCredentials))) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the key under which the user's failures are counted.
fn failure_key(user: &SignedIn) -> String {
    user.parsed_email()
        .map_or_else(|| digest(user.user_id.as_str()), |it| limits::account_subject(&it))
}

/// Returns whether this is the signed-in user's password. Counts like a sign-in, so a stolen
/// session can't be used for guessing, but failures never delay the user's own browser.
pub async fn check_own_password(
    cx: &Context,
    user: &SignedIn,
    password: &Secret,
) -> Result<bool, Error> {
    let app = &cx.app;
    let stored: Option<String> =
        app.db.scalar_optional(FIND_HASH, args![user.user_id.as_str()]).await?;
    let Some(hash) = stored else { return Ok(false) };
    let account = failure_key(user);
    let mut tx = app.db.begin().await?;
    limits::take_in(app, &mut tx, LimitedAction::SignIn, &cx.client, Some(&account)).await?;
    let failures =
        failures::count(app, &mut tx, &account, (true, SignInProblem::PasswordLocked)).await?;
    tx.commit().await?;
    let matches = verify(app, &account, password, &hash).await?.is_some();
    let mut tx = app.db.begin().await?;
    if matches {
        failures::clear(&mut tx, &account).await?;
    } else {
        record_event(cx, &mut tx, EventKind::ReauthenticationRefused, &user.user_id).await?;
        notify_if_locked(cx, &mut tx, &user.user_id, failures).await?;
    }
    tx.commit().await?;
    Ok(matches)
}

/// Hashes the password again, normalized and with the current parameters, unless it has changed meanwhile.
async fn rehash(app: &App, stored: &Stored, password: &Secret) -> Result<(), Error> {
    let hash = app.hasher.hash(&normalized(password)).await?;
    app.db.execute(REHASH, args![hash.as_str(), &stored.user_id, &stored.hash]).await?;
    Ok(())
}

/// Changes the signed-in user's password, or sets the first one, and returns its strength if measured. Ends
/// all other sessions and gives this one a new id. Requires the current password if there is one, and a fresh session if
/// there is none or if the user has a second factor.
pub async fn change(
    cx: &Context,
    user: &SignedIn,
    current: &Secret,
    new: &NewPassword,
) -> Result<Option<Strength>, Error> {
    let app = &cx.app;
    if user.has_second_factor() || !user.has_password() {
        user.require_fresh(app)?;
    }
    if user.has_password() && !check_own_password(cx, user, current).await? {
        let problem = Some(PasswordProblem::Wrong);
        let problems = Problems { current_password: problem, ..Problems::default() };
        return Err(AppError::Invalid(problems).into());
    }
    let own = [user.email.as_deref().unwrap_or_default(), &user.display_name];
    let at = |it| Problems { new_password: Some(it), ..Problems::default() };
    let Accepted { hash, strength } = hash_new(app, new, &own, at).await?;
    let mut tx = app.db.begin().await?;
    // First: of two changes that give the same current password, the second finds its session ended.
    end_others_in(app, &mut tx, user).await?;
    require_known_factors(&mut tx, user).await?;
    if !user.has_password() && has_password(&mut tx, &user.user_id).await? {
        // Set since the session was read, so the user was not asked for it.
        return Err(AccessProblem::Reauthenticate.into());
    }
    tickets::revoke(&mut tx, &user.user_id, Purpose::EmailChange).await?;
    tickets::revoke(&mut tx, &user.user_id, Purpose::Recovery).await?;
    store(&mut tx, &user.user_id, &hash, app.clock.now()).await?;
    if let Some(email) = user.parsed_email().filter(|_| !user.has_password()) {
        // Earlier failures were not about this password.
        failures::clear(&mut tx, &limits::account_subject(&email)).await?;
    }
    let proofs = Proofs::of(Method::Password, app.clock.now());
    let rotated = cx.session.add_proofs(&mut tx, user, &proofs, None).await?;
    let kind =
        if user.has_password() { EventKind::PasswordChanged } else { EventKind::PasswordSet };
    record_event(cx, &mut tx, kind, &user.user_id).await?;
    send_security_notice(cx, &mut tx, &user.user_id, |event, not_me| Mail::PasswordChanged {
        event,
        not_me,
    })
    .await?;
    tx.commit().await?;
    cx.session.update_cookie(rotated, user).await;
    Ok(strength)
}

async fn find_in(tx: &mut Tx, user_id: &UserId) -> Result<Option<String>, Error> {
    tx.scalar_optional(FIND_HASH, args![user_id.as_str()]).await
}

/// Returns whether the user has a password.
pub async fn has_password(tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
    Ok(find_in(tx, user_id).await?.is_some())
}

/// Deletes the user's password.
pub async fn delete(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    tx.execute(DELETE, args![user_id.as_str()]).await?;
    Ok(())
}

/// Stores a hash as the user's password.
pub async fn store(
    tx: &mut Tx,
    user_id: &UserId,
    hash: &PasswordHash,
    now: i64,
) -> Result<(), Error> {
    tx.execute(STORE, args![user_id.as_str(), hash.as_str(), now]).await?;
    Ok(())
}
