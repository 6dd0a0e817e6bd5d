//! Decides whether a user needs a second factor.

mod held;

use crate::args;
use crate::error::AccessProblem;
use crate::proof::server::Proofs;
use crate::role::server::permissions_of;
use crate::server::config::{AcceptedFactors, RequiredOf, seconds};
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::session::server::{SignedIn, end_others_in, lock_signed_in};
use crate::sign_in::SignInProblem;
use crate::user::server::{UserId, lifecycle};

pub use held::Held;

/// What a sign-in requires besides the first factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    Nothing,
    /// Proof of one of the user's second factors among these.
    Prove(AcceptedFactors),
    /// Setting up one of these, which the site requires of a user who has none at all.
    SetUp(AcceptedFactors),
    /// Proof of any of the user's second factors, at a provider too, and then setting up one of these: the site accepts
    /// none that the user has.
    Replace(AcceptedFactors),
}

impl Requirement {
    /// Returns whether a browser that the user trusts may skip this, and whether a mailed code proves it.
    #[must_use]
    pub const fn is_lenient(self) -> bool {
        matches!(self, Self::Prove(AcceptedFactors::Any))
    }

    /// Returns the second factors that count as proof.
    #[must_use]
    pub const fn provable(self) -> AcceptedFactors {
        match self {
            Self::Prove(it) => it,
            Self::Nothing | Self::SetUp(_) | Self::Replace(_) => AcceptedFactors::Any,
        }
    }
}

const LIST_MULTI_FACTOR_ISSUERS: &str = "
    SELECT issuer
    FROM linked_accounts
    WHERE user_id = $1 AND is_multi_factor
    ORDER BY created_at, id";

const COUNT_LINKED_ACCOUNTS: &str = "
    SELECT COUNT(*)
    FROM linked_accounts
    WHERE user_id = $1";

const ROLE_NAMES: &str = "
    SELECT o.name
    FROM user_roles r
    JOIN roles o ON o.id = r.role_id
    WHERE r.user_id = $1";

/// Returns whether a user has any passkey, authenticator app or linked account: what a new password leaves in place.
pub async fn has_more_than_password(tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
    let linked: i64 = tx.scalar(COUNT_LINKED_ACCOUNTS, args![user_id.as_str()]).await?;
    Ok(linked > 0 || Held::of(tx, user_id).await?.any())
}

/// Returns the label of a provider with which the user has proven two factors, if it still can.
pub async fn multi_factor_provider(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
) -> Result<Option<String>, Error> {
    let issuers: Vec<(String,)> =
        tx.fetch_all(LIST_MULTI_FACTOR_ISSUERS, args![user_id.as_str()]).await?;
    let configured = |(issuer,): (String,)| {
        let mut all = app.config.providers_of(&issuer);
        all.find(|it| it.can_prove_two_factors()).map(|it| it.label.clone())
    };
    Ok(issuers.into_iter().find_map(configured))
}

/// Returns the second factors with which a user can confirm their identity, as [`Held::provable`] does.
pub async fn provable(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
) -> Result<Option<AcceptedFactors>, Error> {
    let accepted = app.config.second_factor.accept;
    let held = Held::of(tx, user_id).await?;
    let is_required = held.accepted(accepted) == 0 && is_required_of(app, tx, user_id).await?;
    Ok(held.provable(accepted, is_required))
}

/// Returns how many second factors the signed-in user has, after the user's row is locked. Fails if the first was added
/// since the session was read, because nobody asked for it.
pub async fn require_known_factors(tx: &mut Tx, user: &SignedIn) -> Result<i64, Error> {
    let factors = Held::of(tx, &user.user_id).await?.count();
    if factors > 0 && !user.has_second_factor() {
        return Err(AccessProblem::Reauthenticate.into());
    }
    Ok(factors)
}

/// Locks the signed-in user to change their factors, ends all other sessions if asked to, and returns how many factors
/// there are.
pub async fn lock_for_change(
    app: &App,
    tx: &mut Tx,
    user: &SignedIn,
    ends_others: bool,
) -> Result<i64, Error> {
    if ends_others {
        end_others_in(app, tx, user).await?;
    } else {
        lock_signed_in(app, tx, user).await?;
    }
    require_known_factors(tx, user).await
}

/// Fails if only passkeys count as second factors: neither codes of apps nor recovery codes do.
pub fn require_codes_accepted(app: &App) -> Result<(), SignInProblem> {
    let accepted = app.config.second_factor.accept.includes_codes();
    if accepted { Ok(()) } else { Err(SignInProblem::SecondFactorNotAccepted) }
}

/// Returns whether a user has a passkey, which then is what confirms their identity.
pub async fn has_passkey(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
    Ok(has_usable_passkey(app, &Held::of(tx, user_id).await?))
}

fn has_usable_passkey(app: &App, held: &Held) -> bool {
    let has_passkeys = app.config.site.relying_party_id().is_some();
    has_passkeys && held.has_passkey(app.config.second_factor.accept)
}

/// Returns when these proofs confirmed a user's identity with a second factor, as [`Proofs::confirmed_at`] does.
pub async fn confirmed_at(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    proofs: &Proofs,
) -> Result<Option<i64>, Error> {
    let has_passkey = has_passkey(app, tx, user_id).await?;
    Ok(proofs.confirmed_at(app.config.second_factor.accept, has_passkey))
}

/// Returns what a sign-in by a user whose row is locked requires, as [`assess`] does.
pub async fn requirement(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<Requirement, Error> {
    Ok(assess(app, tx, user_id).await?.0)
}

/// Returns what a sign-in by a user whose row is locked requires, and whether the user [`has_passkey`]. The first
/// sign-in of a user who lacks a required factor starts the period in which signing in without it is allowed.
pub async fn assess(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
) -> Result<(Requirement, bool), Error> {
    let policy = &app.config.second_factor;
    let is_required = is_required_of(app, tx, user_id).await?;
    let held = Held::of(tx, user_id).await?;
    let has_passkey = has_usable_passkey(app, &held);
    let provable = held.provable(policy.accept, is_required);
    let optional = provable.map_or(Requirement::Nothing, Requirement::Prove);
    if policy.require == RequiredOf::Nobody {
        return Ok((optional, has_passkey));
    }
    if provable == Some(policy.accept) || !is_required {
        lifecycle::clear_second_factor_due(tx, user_id).await?;
        return Ok((optional, has_passkey));
    }
    let now = app.timekeeper.range().likely;
    let grace = policy.grace.map_or(0, seconds);
    let due = lifecycle::set_second_factor_due(tx, user_id, now.saturating_add(grace)).await?;
    if due > now {
        return Ok((optional, has_passkey));
    }
    // With only the password of such a user, nobody sets up a factor.
    let has_proven = provable.is_some() || multi_factor_provider(app, tx, user_id).await?.is_some();
    let required = if has_proven { Requirement::Replace } else { Requirement::SetUp };
    Ok((required(policy.accept), has_passkey))
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

/// Returns the second factors that a removal leaves. Fails if only disabled passkeys are among them, which the user
/// could neither use nor enable, or if the site requires one and accepts none of them.
pub async fn require_usable(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<Held, Error> {
    let left = Held::of(tx, user_id).await?;
    if left.count() > 0 && left.count() == left.disabled() {
        return Err(SignInProblem::OnlyDisabledLeft.into());
    }
    let is_enough = left.is_enough(app.config.second_factor.accept);
    if !is_enough && is_required_of(app, tx, user_id).await? {
        return Err(SignInProblem::LastSecondFactor.into());
    }
    Ok(left)
}

/// Requires a new factor at the next sign-in of a user who lost the last one that the site accepts, if the site's
/// policy requires one.
pub async fn require_set_up(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    let is_enough = Held::of(tx, user_id).await?.is_enough(app.config.second_factor.accept);
    if !is_enough && is_required_of(app, tx, user_id).await? {
        let now = app.timekeeper.range().likely;
        lifecycle::set_second_factor_due(tx, user_id, now).await?;
    }
    Ok(())
}
