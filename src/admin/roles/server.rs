//! Data and actions of the role pages.

use super::{RoleForm, RoleView};
use crate::error::{AppError, Problems, RequestProblem};
use crate::role::server::{self as roles, PermissionSet, Principal, Role, RoleDraft};
use crate::role::{ADMINISTRATOR, Grants, Permission, RoleProblem, parse_about};
use crate::server::{App, Context, Error};
use crate::session::server::SignedIn;

/// Returns all roles as this viewer sees them.
pub async fn list(app: &App, viewer: &SignedIn) -> Result<Vec<RoleView>, Error> {
    let viewer_permissions = roles::held_by(app, &viewer.user_id).await?;
    Ok(roles::list(app).await?.into_iter().map(|it| view(it, &viewer_permissions)).collect())
}

/// Returns one role, or an empty one to fill in if `id` is empty.
pub async fn load(app: &App, viewer: &SignedIn, id: &str) -> Result<RoleView, Error> {
    let viewer_permissions = roles::held_by(app, &viewer.user_id).await?;
    if id.is_empty() {
        let permissions = Vec::new();
        let (id, name, about) = Default::default();
        return Ok(view(
            Role { id, name, about, revision: 0, users: 0, permissions },
            &viewer_permissions,
        ));
    }
    let role = roles::list(app).await?.into_iter().find(|it| it.id == id);
    Ok(view(role.ok_or(RequestProblem::NotFound)?, &viewer_permissions))
}

/// Converts a role for the page. Viewers can give only permissions that they hold.
fn view(it: Role, viewer_permissions: &PermissionSet) -> RoleView {
    let held = it.held();
    let own = Permission::ALL
        .into_iter()
        .filter(|it| held.own.has(*it) || viewer_permissions.own.has(*it))
        .map(|it| (it.as_str().to_owned(), held.own.has(it)));
    RoleView {
        own: own.collect(),
        apps: it.permissions.iter().filter(|it| it.contains(':')).cloned().collect(),
        is_changeable: it.id != ADMINISTRATOR && viewer_permissions.covers(&held),
        id: it.id,
        name: it.name,
        about: it.about,
        revision: it.revision,
        users: it.users,
    }
}

fn draft(form: &RoleForm) -> Result<RoleDraft, RoleProblem> {
    let own = form.own.iter().map(String::as_str);
    Ok(RoleDraft {
        name: form.name.parse()?,
        about: parse_about(&form.about)?,
        grants: Grants::parse(own.chain(form.permissions.split_whitespace()))?,
    })
}

pub async fn save(cx: &Context, form: &RoleForm) -> Result<(), Error> {
    let by = Principal::fresh(cx).await?;
    let draft = draft(form)
        .map_err(|it| AppError::Invalid(Problems { role: Some(it), ..Problems::default() }))?;
    match form.id.as_str() {
        "" => roles::create(&cx.app, &by, &draft).await.map(drop),
        id => {
            let seen = form.seen.parse().unwrap_or(-1);
            roles::change(&cx.app, &by, id, Some(seen), &draft).await
        }
    }
}

pub async fn remove(cx: &Context, id: &str) -> Result<(), Error> {
    roles::remove(&cx.app, &Principal::fresh(cx).await?, id).await
}
