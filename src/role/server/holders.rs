//! The `user_roles` table: the roles that users hold.

use super::{Acting, PermissionSet, Principal, lock};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::role::{ADMINISTRATOR, AdminProblem, Permission, Permissions};
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::user::server::UserId;

const OF_USER: &str = "
    SELECT r.id, r.name
    FROM user_roles u
    JOIN roles r ON r.id = u.role_id
    WHERE u.user_id = $1
    ORDER BY r.name";

const PERMISSIONS_OF_USER: &str = "
    SELECT p.permission
    FROM user_roles u
    JOIN role_permissions p ON p.role_id = u.role_id
    WHERE u.user_id = $1";

const ASSIGN: &str = "
    INSERT INTO user_roles (user_id, role_id, granted_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (user_id, role_id) DO NOTHING";

const UNASSIGN: &str = "
    DELETE FROM user_roles
    WHERE user_id = $1 AND role_id = $2";

/// Counts the administrators who can sign in: not disabled, and without a pending account deletion.
const COUNT_ADMINISTRATORS: &str = "
    SELECT COUNT(*)
    FROM user_roles r
    JOIN users u ON u.id = r.user_id
    WHERE r.role_id = 'administrator' AND u.deletes_at IS NULL
        AND (u.disabled_at IS NULL OR u.disabled_until <= $1)";

/// Returns the ids and names of a user's roles.
pub async fn of_user(app: &App, user_id: &UserId) -> Result<Vec<(String, String)>, Error> {
    app.db.fetch_all(OF_USER, args![user_id.as_str()]).await
}

/// Returns the permissions of a user's roles, for a page.
pub async fn held_by(app: &App, user_id: &UserId) -> Result<PermissionSet, Error> {
    let words: Vec<String> =
        app.db.scalar_all(PERMISSIONS_OF_USER, args![user_id.as_str()]).await?;
    Ok(PermissionSet::from_words(words.iter().map(String::as_str)))
}

/// Returns the permissions of a user's roles, inside a transaction.
pub async fn held_in(tx: &mut Tx, user_id: &UserId) -> Result<PermissionSet, Error> {
    let words: Vec<String> = tx.scalar_all(PERMISSIONS_OF_USER, args![user_id.as_str()]).await?;
    Ok(PermissionSet::from_words(words.iter().map(String::as_str)))
}

/// Returns a user's permissions in Portcullis itself.
pub async fn permissions_of(tx: &mut Tx, user_id: &UserId) -> Result<Permissions, Error> {
    Ok(held_in(tx, user_id).await?.own)
}

/// Prevents changes to the set of administrators until the transaction ends. If the user is an administrator,
/// take this lock before all others.
pub async fn lock_administrators(tx: &mut Tx) -> Result<(), Error> {
    lock(tx, ADMINISTRATOR).await.map(drop)
}

const CAN_SIGN_IN: &str = "
    SELECT COUNT(*)
    FROM users
    WHERE id = $1 AND deletes_at IS NULL AND (disabled_at IS NULL OR disabled_until <= $2)";

/// Returns whether a user is not disabled and has no pending account deletion.
pub(super) async fn can_sign_in(tx: &mut Tx, user_id: &UserId, now: i64) -> Result<bool, Error> {
    let count: i64 = tx.scalar(CAN_SIGN_IN, args![user_id.as_str(), now]).await?;
    Ok(count > 0)
}

/// Returns whether any administrator can sign in.
pub async fn has_administrator(tx: &mut Tx, now: i64) -> Result<bool, Error> {
    let count: i64 = tx.scalar(COUNT_ADMINISTRATORS, args![now]).await?;
    Ok(count > 0)
}

const COUNT_OTHERS: &str = "
    SELECT COUNT(*)
    FROM user_roles r
    JOIN users u ON u.id = r.user_id
    WHERE r.role_id = 'administrator' AND r.user_id <> $1 AND u.deletes_at IS NULL
        AND (u.disabled_at IS NULL OR u.disabled_until <= $2)";

/// Returns whether a user who holds these permissions is the only administrator. For pages only: actions are
/// refused by [`require_remaining_administrator`].
pub async fn is_only_administrator(
    app: &App,
    user_id: &UserId,
    held: Permissions,
) -> Result<bool, Error> {
    if held != Permissions::ALL {
        return Ok(false);
    }
    let others: i64 = app
        .db
        .scalar(COUNT_OTHERS, args![user_id.as_str(), app.timekeeper.range().earliest])
        .await?;
    Ok(others == 0)
}

/// Fails if the action on this user, who held these permissions, would leave no administrator.
pub async fn require_remaining_administrator(
    tx: &mut Tx,
    held: Permissions,
    now: i64,
) -> Result<(), Error> {
    if held == Permissions::ALL && !has_administrator(tx, now).await? {
        return Err(AdminProblem::LastAdministrator.into());
    }
    Ok(())
}

/// Returns the permissions of a user before an action on them. If the user is an administrator, prevents
/// changes to the set of administrators until the transaction ends.
pub async fn lock_if_administrator(tx: &mut Tx, user_id: &UserId) -> Result<Permissions, Error> {
    let held = permissions_of(tx, user_id).await?;
    if held == Permissions::ALL {
        lock_administrators(tx).await?;
    }
    Ok(held)
}

/// Locks a role that the actor gives or removes. Fails if they may not. The role's row is the last lock of
/// such an action, so the actor's permissions are read after it.
pub async fn lock_assignable<'a>(
    app: &App,
    tx: &mut Tx,
    by: &'a Principal,
    role_id: &str,
) -> Result<(Acting<'a>, String, PermissionSet), Error> {
    lock_reachable(app, tx, by, Permission::RolesAssign, role_id).await
}

/// Locks a role for an action with this permission. Fails if the actor lacks the permission, or one that the
/// role holds.
pub async fn lock_reachable<'a>(
    app: &App,
    tx: &mut Tx,
    by: &'a Principal,
    permission: Permission,
    role_id: &str,
) -> Result<(Acting<'a>, String, PermissionSet), Error> {
    let (name, _, held) = lock(tx, role_id).await?;
    let acting = by.authorize(app, tx, permission).await?;
    acting.require_held(&held)?;
    Ok((acting, name, held))
}

const HAS_VERIFIED_EMAIL: &str = "
    SELECT COUNT(*)
    FROM users
    WHERE id = $1 AND email_verified_at IS NOT NULL";

/// Returns whether a user has a verified email address.
async fn has_verified_email(tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
    let count: i64 = tx.scalar(HAS_VERIFIED_EMAIL, args![user_id.as_str()]).await?;
    Ok(count > 0)
}

/// Gives a user a role, inside a larger transaction. Does nothing if they have it.
pub async fn assign_in(
    app: &App,
    tx: &mut Tx,
    by: &Principal,
    user_id: &UserId,
    role_id: &str,
) -> Result<(), Error> {
    let (acting, name, held) = lock_assignable(app, tx, by, role_id).await?;
    if !held.is_empty() && !has_verified_email(tx, user_id).await? {
        return Err(AdminProblem::TargetUnverified.into());
    }
    let given = tx.execute(ASSIGN, args![user_id.as_str(), role_id, app.clock.now()]).await?;
    if given == 1 {
        acting
            .record(app, tx, Entry::new(EventKind::RoleAssigned, Some(user_id)).about(&name))
            .await?;
    }
    Ok(())
}

/// Removes a role from a user, inside a larger transaction. Does nothing if they don't have it.
pub async fn unassign_in(
    app: &App,
    tx: &mut Tx,
    by: &Principal,
    user_id: &UserId,
    role_id: &str,
) -> Result<(), Error> {
    let (acting, name, held) = lock_assignable(app, tx, by, role_id).await?;
    let taken = tx.execute(UNASSIGN, args![user_id.as_str(), role_id]).await?;
    if taken == 1 {
        acting
            .record(app, tx, Entry::new(EventKind::RoleUnassigned, Some(user_id)).about(&name))
            .await?;
        require_remaining_administrator(tx, held.own, app.timekeeper.range().earliest).await?;
    }
    Ok(())
}
