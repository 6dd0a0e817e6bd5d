//! The tables `roles` and `role_permissions`, and the users who hold roles.

mod holders;
mod permission_set;
mod principal;

use serde::Serialize;

use super::{ADMINISTRATOR, Grants, Permission, RoleName, RoleProblem};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::error::{AppError, Problems, RequestProblem};
use crate::record;
use crate::role::AdminProblem;
use crate::server::db::Tx;
use crate::server::{App, Error};

pub use holders::{
    assign_in, has_administrator, held_by, is_only_administrator, lock_administrators,
    lock_assignable, lock_if_administrator, lock_reachable, of_user, permissions_of,
    require_remaining_administrator, unassign_in,
};
pub use permission_set::PermissionSet;
pub use principal::{Acting, COMMAND_LINE, Principal, record_by_operator};

const LIST: &str = "
    SELECT r.id, r.name, r.about, r.revision,
        (SELECT COUNT(*) FROM user_roles u WHERE u.role_id = r.id) AS users
    FROM roles r
    ORDER BY r.name";

const LIST_PERMISSIONS: &str = "
    SELECT role_id, permission
    FROM role_permissions
    ORDER BY role_id, permission";

const FIND: &str = "
    SELECT id
    FROM roles
    WHERE name = $1";

const PERMISSIONS_OF_ROLE: &str = "
    SELECT permission
    FROM role_permissions
    WHERE role_id = $1";

/// Locks the row, so that writers of one role run one after the other.
const LOCK: &str = "
    UPDATE roles
    SET revision = revision
    WHERE id = $1
    RETURNING name, revision";

const INSERT: &str = "
    INSERT INTO roles (id, name, about, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (name) DO NOTHING";

const UPDATE: &str = "
    UPDATE roles
    SET name = $1, about = $2, revision = revision + 1, updated_at = $3
    WHERE id = $4 AND NOT EXISTS (SELECT 1 FROM roles o WHERE o.name = $1 AND o.id <> $4)";

const DELETE: &str = "
    DELETE FROM roles
    WHERE id = $1";

const CLEAR: &str = "
    DELETE FROM role_permissions
    WHERE role_id = $1";

const GRANT: &str = "
    INSERT INTO role_permissions (role_id, permission)
    VALUES ($1, $2)";

/// A role, its permissions and the number of its users.
#[derive(Clone, Debug, Serialize)]
pub struct Role {
    pub id: String,
    pub name: String,
    pub about: String,
    pub revision: i64,
    pub users: i64,
    /// As the table stores them.
    pub permissions: Vec<String>,
}

impl Role {
    #[must_use]
    pub fn held(&self) -> PermissionSet {
        PermissionSet::from_words(self.permissions.iter().map(String::as_str))
    }
}

record! {
    struct Row {
        id: String,
        name: String,
        about: String,
        revision: i64,
        users: i64,
    }
}

/// The content of a role to create or change.
#[derive(Clone, Debug)]
pub struct RoleDraft {
    pub name: RoleName,
    pub about: String,
    pub grants: Grants,
}

/// Lists all roles, by name.
pub async fn list(app: &App) -> Result<Vec<Role>, Error> {
    let rows: Vec<Row> = app.db.fetch_all(LIST, args![]).await?;
    let permissions: Vec<(String, String)> = app.db.fetch_all(LIST_PERMISSIONS, args![]).await?;
    let of = |id: &str| {
        let words = permissions.iter().filter(|(role, _)| role == id);
        words.map(|(_, word)| word.clone()).collect()
    };
    let role = |Row { id, name, about, revision, users }: Row| {
        let permissions = of(&id);
        Role { id, name, about, revision, users, permissions }
    };
    Ok(rows.into_iter().map(role).collect())
}

/// Finds the id of the role with this name.
pub async fn find(app: &App, name: &str) -> Result<Option<String>, Error> {
    app.db.scalar_optional(FIND, args![name]).await
}

/// Locks a role until the transaction ends, and returns its name, revision and permissions.
async fn lock(tx: &mut Tx, role_id: &str) -> Result<(String, i64, PermissionSet), Error> {
    let found: Option<(String, i64)> = tx.fetch_optional(LOCK, args![role_id]).await?;
    let (name, revision) = found.ok_or(RequestProblem::NotFound)?;
    let words: Vec<String> = tx.scalar_all(PERMISSIONS_OF_ROLE, args![role_id]).await?;
    Ok((name, revision, PermissionSet::from_words(words.iter().map(String::as_str))))
}

fn invalid(problem: RoleProblem) -> Error {
    AppError::Invalid(Problems { role: Some(problem), ..Problems::default() }).into()
}

/// Locks a role that is to be changed or removed. Fails if it holds a permission that the actor lacks. The
/// actor is locked first, as in every action that locks both.
async fn lock_changeable<'a>(
    app: &App,
    tx: &mut Tx,
    by: &'a Principal,
    role_id: &str,
) -> Result<(Acting<'a>, String, i64), Error> {
    by.authorize(app, tx, Permission::RolesManage).await?;
    refuse_built_in(role_id)?;
    let (name, revision, held) = lock(tx, role_id).await?;
    // The actor's permissions may have changed while the role's lock was awaited.
    let acting = by.authorize(app, tx, Permission::RolesManage).await?;
    acting.require_held(&held)?;
    Ok((acting, name, revision))
}

fn require_grants(acting: &Acting<'_>, grants: &Grants) -> Result<(), Error> {
    let held = PermissionSet::from_words(grants.words());
    acting.require_held(&held).map_err(|_| invalid(RoleProblem::OutranksActor))
}

async fn grant(tx: &mut Tx, role_id: &str, grants: &Grants) -> Result<(), Error> {
    for word in grants.words() {
        tx.execute(GRANT, args![role_id, word]).await?;
    }
    Ok(())
}

/// Creates a role and returns its id. Fails if the role holds a permission that the actor lacks.
pub async fn create(app: &App, by: &Principal, draft: &RoleDraft) -> Result<String, Error> {
    let id = uuid::Uuid::now_v7().to_string();
    let mut tx = app.db.begin().await?;
    let acting = by.authorize(app, &mut tx, Permission::RolesManage).await?;
    require_grants(&acting, &draft.grants)?;
    let made =
        tx.execute(INSERT, args![&id, draft.name.as_str(), &draft.about, app.clock.now()]).await?;
    if made == 0 {
        return Err(invalid(RoleProblem::NameTaken));
    }
    grant(&mut tx, &id, &draft.grants).await?;
    acting
        .record(app, &mut tx, Entry::new(EventKind::RoleCreated, None).about(draft.name.as_str()))
        .await?;
    tx.commit().await?;
    Ok(id)
}

/// Counts the users of a role whose email is not verified.
const COUNT_UNVERIFIED: &str = "
    SELECT COUNT(*)
    FROM user_roles r
    JOIN users u ON u.id = r.user_id
    WHERE r.role_id = $1 AND u.email_verified_at IS NULL";

/// Fails if permissions would go to users whose email is not verified.
async fn refuse_unverified(tx: &mut Tx, role_id: &str, grants: &Grants) -> Result<(), Error> {
    let count: i64 = tx.scalar(COUNT_UNVERIFIED, args![role_id]).await?;
    if count > 0 && grants.words().next().is_some() {
        return Err(invalid(RoleProblem::Unverified));
    }
    Ok(())
}

/// Changes a role. Fails if the revision that the actor saw is not the current one.
pub async fn change(
    app: &App,
    by: &Principal,
    role_id: &str,
    seen: Option<i64>,
    draft: &RoleDraft,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let (acting, name, revision) = lock_changeable(app, &mut tx, by, role_id).await?;
    if name != draft.name.as_str() {
        refuse_named_by_setting(app, &name)?;
    }
    require_grants(&acting, &draft.grants)?;
    if seen.is_some_and(|it| it != revision) {
        return Err(AdminProblem::Changed.into());
    }
    refuse_unverified(&mut tx, role_id, &draft.grants).await?;
    let changed = tx
        .execute(UPDATE, args![draft.name.as_str(), &draft.about, app.clock.now(), role_id])
        .await?;
    if changed == 0 {
        return Err(invalid(RoleProblem::NameTaken));
    }
    tx.execute(CLEAR, args![role_id]).await?;
    grant(&mut tx, role_id, &draft.grants).await?;
    acting
        .record(app, &mut tx, Entry::new(EventKind::RoleChanged, None).about(draft.name.as_str()))
        .await?;
    tx.commit().await
}

/// Deletes a role and removes it from all its users.
pub async fn remove(app: &App, by: &Principal, role_id: &str) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let (acting, name, _) = lock_changeable(app, &mut tx, by, role_id).await?;
    refuse_named_by_setting(app, &name)?;
    tx.execute(DELETE, args![role_id]).await?;
    acting.record(app, &mut tx, Entry::new(EventKind::RoleRemoved, None).about(&name)).await?;
    tx.commit().await
}

/// Fails for a role whose users need a second factor: under another name, they would no longer need one.
fn refuse_named_by_setting(app: &App, name: &str) -> Result<(), AppError> {
    let is_named = app.config.second_factor.roles.iter().any(|it| it == name);
    if is_named { Err(AppError::Admin(AdminProblem::NamedBySetting)) } else { Ok(()) }
}

fn refuse_built_in(role_id: &str) -> Result<(), AppError> {
    if role_id == ADMINISTRATOR { Err(AppError::Admin(AdminProblem::BuiltInRole)) } else { Ok(()) }
}
