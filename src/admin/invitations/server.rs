//! Data and actions of the invitations page.

use super::{InvitationList, InvitationView};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::record;
use crate::role::server::{Principal, held_by, list as list_roles, lock_reachable};
use crate::role::{Permission, may};
use crate::server::{App, Context, Error};
use crate::session::server::SignedIn;
use crate::sign_up;
use crate::ticket::server::withdraw_invitation;
use crate::user::Email;

const LIST: &str = "
    SELECT t.id, t.address, r.name AS role, t.created_at, t.expires_at
    FROM tickets t
    LEFT JOIN roles r ON r.id = t.role_id
    WHERE t.purpose = 'invitation' AND t.used_at IS NULL AND t.expires_at > $1
    ORDER BY t.id DESC
    LIMIT 200";

const FIND_ROLE: &str = "
    SELECT role_id
    FROM tickets
    WHERE id = $1 AND purpose = 'invitation' AND used_at IS NULL";

record! {
    struct Row {
        id: String,
        address: String,
        role: Option<String>,
        created_at: i64,
        expires_at: i64,
    }
}

/// Returns the usable invitations, and the roles that this viewer may give with one.
pub async fn list(app: &App, viewer: &SignedIn) -> Result<InvitationList, Error> {
    let now = app.clock.now();
    let rows: Vec<Row> = app.db.fetch_all(LIST, args![now]).await?;
    let actor = viewer.actor();
    let assigns = may(&actor, Permission::RolesAssign);
    let held = held_by(app, &viewer.user_id).await?;
    let roles = list_roles(app).await?.into_iter();
    let roles = roles.filter(|it| assigns && held.covers(&it.held()));
    let view = |Row { id, address, role, created_at, expires_at }: Row| InvitationView {
        id,
        email: address,
        role,
        created_at,
        expires_at,
    };
    Ok(InvitationList {
        invitations: rows.into_iter().map(view).collect(),
        roles: roles.map(|it| (it.id, it.name)).collect(),
        now,
    })
}

pub async fn invite(cx: &Context, email: &Email, role: &str) -> Result<(), Error> {
    let role = (!role.is_empty()).then_some(role);
    sign_up::server::invite(&cx.app, &Principal::fresh(cx).await?, email, role).await.map(drop)
}

/// Withdraws an invitation; does nothing if it was used or withdrawn already. Refused if its role has
/// permissions that the actor lacks.
pub async fn withdraw(cx: &Context, id: &str) -> Result<(), Error> {
    let app = &cx.app;
    let by = Principal::fresh(cx).await?;
    let mut tx = app.db.begin().await?;
    let role: Option<Option<String>> = tx.scalar_optional(FIND_ROLE, args![id]).await?;
    let permission = Permission::UsersInvite;
    let acting = match role.flatten() {
        Some(role) => lock_reachable(app, &mut tx, &by, permission, &role).await?.0,
        None => by.authorize(app, &mut tx, permission).await?,
    };
    if let Some(email) = withdraw_invitation(&mut tx, id).await? {
        let about = email.masked();
        acting
            .record(app, &mut tx, Entry::new(EventKind::InvitationWithdrawn, None).about(&about))
            .await?;
    }
    tx.commit().await
}
