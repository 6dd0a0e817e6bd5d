//! Decides whether a user needs a second factor.

use crate::args;
use crate::role::server::permissions_of;
use crate::server::config::{RequiredOf, seconds};
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::{App, Error};
use crate::user::server::{UserId, lifecycle};

/// What a sign-in requires besides the first factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    Nothing,
    /// Proof of one of the user's second factors.
    Proof,
    /// Setting up a second factor, which the site requires and the user does not have.
    SetUp,
}

/// Recovery codes are not counted: they replace a factor that is lost.
const COUNT: &str = "
    SELECT COUNT(*)
    FROM authenticator_apps
    WHERE user_id = $1 AND removed_at IS NULL";

const ROLE_NAMES: &str = "
    SELECT o.name
    FROM user_roles r
    JOIN roles o ON o.id = r.role_id
    WHERE r.user_id = $1";

/// Returns how many second factors a user has.
pub async fn count(tx: &mut Tx, user_id: &UserId) -> Result<i64, Error> {
    tx.scalar(COUNT, args![user_id.as_str()]).await
}

/// Returns what a sign-in by a user whose row is locked requires. The first sign-in of a user who lacks a
/// required factor starts the period in which signing in without it is allowed.
pub async fn requirement(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<Requirement, Error> {
    if count(tx, user_id).await? > 0 {
        return Ok(Requirement::Proof);
    }
    if app.config.second_factor.require == RequiredOf::Nobody {
        return Ok(Requirement::Nothing);
    }
    if !is_required_of(app, tx, user_id).await? {
        lifecycle::clear_factor_due(tx, user_id).await?;
        return Ok(Requirement::Nothing);
    }
    let now = app.clock.now();
    let grace = app.config.second_factor.grace.map_or(0, seconds);
    let due = lifecycle::set_factor_due(tx, user_id, now.saturating_add(grace)).await?;
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

/// Returns the key under which a user's wrong codes are counted, apart from wrong passwords.
#[must_use]
pub fn failure_key(user_id: &UserId) -> String {
    digest(format!("second factor {user_id}"))
}
