//! The tables of roles, `roles` and `role_permissions`, and those who hold them.

mod by;
mod holders;

use serde::Serialize;

use super::{ADMINISTRATOR, Grants, Permission, Permissions, RoleName, RoleProblem};
use crate::audit::Kind;
use crate::audit::server::Entry;
use crate::error::{AppError, Problems};
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::{in_tx, on};

pub use by::{By, COMMAND_LINE};
pub use holders::{
    give_in, guard, has_administrator, keep_an_administrator, lock_administrators, of_user,
    permissions_of, require_giveable, take_in,
};

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

/// What keeps writers of one role apart.
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

/// A role, what it holds, and how many hold it.
#[derive(Clone, Debug, Serialize)]
pub struct Role {
    pub id: String,
    pub name: String,
    pub about: String,
    pub revision: i64,
    pub users: i64,
    /// As the table has them.
    pub permissions: Vec<String>,
}

impl Role {
    /// Those of Portcullis itself.
    #[must_use]
    pub fn held(&self) -> Permissions {
        Permissions::of_words(self.permissions.iter().map(String::as_str))
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    about: String,
    revision: i64,
    users: i64,
}

/// What a role is to be.
#[derive(Clone, Debug)]
pub struct Draft {
    pub name: RoleName,
    pub about: String,
    pub grants: Grants,
}

/// All roles, by name.
pub async fn list(app: &App) -> Result<Vec<Role>, Error> {
    let rows: Vec<Row> = on!(&app.db, db => sqlx::query_as(LIST).fetch_all(db).await)?;
    let permissions: Vec<(String, String)> =
        on!(&app.db, db => sqlx::query_as(LIST_PERMISSIONS).fetch_all(db).await)?;
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

/// The id of the role of this name.
pub async fn find(app: &App, name: &str) -> Result<Option<String>, Error> {
    Ok(on!(&app.db, db => sqlx::query_scalar(FIND).bind(name).fetch_optional(db).await)?)
}

/// What a role lets do; nobody changes it until the transaction ends.
async fn lock(tx: &mut Tx, role_id: &str) -> Result<(String, i64, Permissions), Error> {
    let found: Option<(String, i64)> =
        in_tx!(tx, c => sqlx::query_as(LOCK).bind(role_id).fetch_optional(c).await)?;
    let (name, revision) = found.ok_or(AppError::NotFound)?;
    let words: Vec<String> = in_tx!(tx, c => sqlx::query_scalar(PERMISSIONS_OF_ROLE)
        .bind(role_id)
        .fetch_all(c)
        .await)?;
    Ok((name, revision, Permissions::of_words(words.iter().map(String::as_str))))
}

fn invalid(problem: RoleProblem) -> Error {
    AppError::Invalid(Problems { role: Some(problem), ..Problems::default() }).into()
}

fn require_grants(by: &By, grants: &Grants) -> Result<(), Error> {
    by.require(Permission::RolesManage)?;
    by.require_reach(grants.permissions()).map_err(|_| invalid(RoleProblem::Above))
}

async fn grant(tx: &mut Tx, role_id: &str, grants: &Grants) -> Result<(), Error> {
    for word in grants.words() {
        in_tx!(tx, c => sqlx::query(GRANT).bind(role_id).bind(word).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Makes a role and returns its id. Nobody gives a role what they may not do themselves.
pub async fn create(app: &App, by: &By, draft: &Draft) -> Result<String, Error> {
    require_grants(by, &draft.grants)?;
    let id = uuid::Uuid::now_v7().to_string();
    let mut tx = app.db.begin().await?;
    let made = in_tx!(&mut tx, c => sqlx::query(INSERT)
        .bind(&id)
        .bind(draft.name.as_str())
        .bind(&draft.about)
        .bind(app.clock.now())
        .execute(c)
        .await
        .map(|it| it.rows_affected()))?;
    if made == 0 {
        return Err(invalid(RoleProblem::NameTaken));
    }
    grant(&mut tx, &id, &draft.grants).await?;
    by.note(app, &mut tx, Entry::new(Kind::RoleCreated, None).about(draft.name.as_str())).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a role of which the actor has seen this revision.
pub async fn change(
    app: &App,
    by: &By,
    role_id: &str,
    seen: Option<i64>,
    draft: &Draft,
) -> Result<(), Error> {
    require_grants(by, &draft.grants)?;
    let mut tx = app.db.begin().await?;
    let (_, revision, held) = lock(&mut tx, role_id).await?;
    refuse_built_in(role_id)?;
    by.require_reach(held)?;
    if seen.is_some_and(|it| it != revision) {
        return Err(AppError::Changed.into());
    }
    let changed = in_tx!(&mut tx, c => sqlx::query(UPDATE)
        .bind(draft.name.as_str())
        .bind(&draft.about)
        .bind(app.clock.now())
        .bind(role_id)
        .execute(c)
        .await
        .map(|it| it.rows_affected()))?;
    if changed == 0 {
        return Err(invalid(RoleProblem::NameTaken));
    }
    in_tx!(&mut tx, c => sqlx::query(CLEAR).bind(role_id).execute(c).await.map(drop))?;
    grant(&mut tx, role_id, &draft.grants).await?;
    by.note(app, &mut tx, Entry::new(Kind::RoleChanged, None).about(draft.name.as_str())).await?;
    tx.commit().await
}

/// Removes a role from all who hold it, and itself.
pub async fn remove(app: &App, by: &By, role_id: &str) -> Result<(), Error> {
    by.require(Permission::RolesManage)?;
    let mut tx = app.db.begin().await?;
    let (name, _, held) = lock(&mut tx, role_id).await?;
    refuse_built_in(role_id)?;
    by.require_reach(held)?;
    in_tx!(&mut tx, c => sqlx::query(DELETE).bind(role_id).execute(c).await.map(drop))?;
    by.note(app, &mut tx, Entry::new(Kind::RoleRemoved, None).about(&name)).await?;
    tx.commit().await
}

fn refuse_built_in(role_id: &str) -> Result<(), AppError> {
    if role_id == ADMINISTRATOR { Err(AppError::BuiltInRole) } else { Ok(()) }
}
