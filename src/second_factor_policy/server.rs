//! Decides whether a user needs a second factor.

use crate::args;
use crate::error::AccessProblem;
use crate::role::server::permissions_of;
use crate::server::config::{RequiredOf, seconds};
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::session::server::{SignedIn, end_others_in, lock_signed_in};
use crate::user::server::{UserId, lifecycle};

/// What a sign-in requires besides the first factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    Nothing,
    /// Proof of one of the user's second factors.
    Prove,
    /// Setting up a second factor, which the site requires and the user does not have.
    SetUp,
}

/// Recovery codes are not counted: they replace a factor that is lost. Disabled passkeys are: otherwise a thief could
/// turn off the second factor by using a copy. Automatic passkeys are not, because the user has not asked for a second
/// factor.
const COUNT: &str = "
    SELECT (SELECT COUNT(*) FROM authenticator_apps WHERE user_id = $1 AND removed_at IS NULL)
        + (SELECT COUNT(*) FROM passkeys
            WHERE user_id = $1 AND removed_at IS NULL AND NOT is_automatic)";

const COUNT_DISABLED: &str = "
    SELECT COUNT(*)
    FROM passkeys
    WHERE user_id = $1 AND removed_at IS NULL AND NOT is_automatic AND disabled_at IS NOT NULL";

const COUNT_AUTOMATIC: &str = "
    SELECT COUNT(*)
    FROM passkeys
    WHERE user_id = $1 AND removed_at IS NULL AND is_automatic";

const ROLE_NAMES: &str = "
    SELECT o.name
    FROM user_roles r
    JOIN roles o ON o.id = r.role_id
    WHERE r.user_id = $1";

/// Returns how many second factors a user has.
pub async fn count(tx: &mut Tx, user_id: &UserId) -> Result<i64, Error> {
    tx.scalar(COUNT, args![user_id.as_str()]).await
}

/// Returns how many of them are disabled.
pub async fn count_disabled(tx: &mut Tx, user_id: &UserId) -> Result<i64, Error> {
    tx.scalar(COUNT_DISABLED, args![user_id.as_str()]).await
}

/// Returns how many second factors the signed-in user has, after the user's row is locked. Fails if the first was added
/// since the session was read, because nobody asked for it.
pub async fn require_known_factors(tx: &mut Tx, user: &SignedIn) -> Result<i64, Error> {
    let factors = count(tx, &user.user_id).await?;
    if factors > 0 && !user.has_second_factor() {
        return Err(AccessProblem::Reauthenticate.into());
    }
    Ok(factors)
}

/// Locks the signed-in user to change their factors, and ends all other sessions if asked to.
pub async fn lock_for_change(
    app: &App,
    tx: &mut Tx,
    user: &SignedIn,
    ends_others: bool,
) -> Result<(), Error> {
    if ends_others {
        end_others_in(app, tx, user).await?;
    } else {
        lock_signed_in(app, tx, user).await?;
    }
    require_known_factors(tx, user).await.map(drop)
}

/// Returns what a sign-in by a user whose row is locked requires. The first sign-in of a user who lacks a
/// required factor starts the period in which signing in without it is allowed.
pub async fn requirement(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<Requirement, Error> {
    if count(tx, user_id).await? > 0 {
        return Ok(Requirement::Prove);
    }
    if app.config.second_factor.require == RequiredOf::Nobody {
        return Ok(Requirement::Nothing);
    }
    if !is_required_of(app, tx, user_id).await? {
        lifecycle::clear_second_factor_due(tx, user_id).await?;
        return Ok(Requirement::Nothing);
    }
    let automatic: i64 = tx.scalar(COUNT_AUTOMATIC, args![user_id.as_str()]).await?;
    if automatic > 0 {
        // It is a second factor; only the site asks for it.
        lifecycle::clear_second_factor_due(tx, user_id).await?;
        return Ok(Requirement::Prove);
    }
    let now = app.timekeeper.range().likely;
    let grace = app.config.second_factor.grace.map_or(0, seconds);
    let due = lifecycle::set_second_factor_due(tx, user_id, now.saturating_add(grace)).await?;
    Ok(if due <= now { Requirement::SetUp } else { Requirement::Nothing })
}

/// Returns whether the site's policy requires a second factor of a user.
pub async fn is_required_of(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
    let policy = &app.config.second_factor;
    Ok(match policy.require {
        RequiredOf::Nobody => false,
        RequiredOf::Everyone => true,
        RequiredOf::Administrators => !permissions_of(tx, user_id).await?.is_empty(),
        RequiredOf::Roles => {
            let held: Vec<(String,)> = tx.fetch_all(ROLE_NAMES, args![user_id.as_str()]).await?;
            held.iter().any(|(name,)| policy.roles.contains(name))
        }
    })
}

/// Requires a new factor at the next sign-in of a user who lost the last one, if the site's policy requires one.
pub async fn require_set_up(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    if is_required_of(app, tx, user_id).await? {
        let now = app.timekeeper.range().likely;
        lifecycle::set_second_factor_due(tx, user_id, now).await?;
    }
    Ok(())
}
