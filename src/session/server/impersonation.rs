//! Using the site as another user: a session of an administrator that for a while is somebody else's.
//!
//! It stays one row and one cookie. Who it is is decided anew with every request, so that it ends at
//! once when its time is over, the administrator may no more, or the user may no longer be used.

use super::{Impersonator, SignedIn};
use crate::audit::Kind;
use crate::audit::server::{Entry, note};
use crate::error::AppError;
use crate::mail::server::{self as mail, Mail};
use crate::role::server::{By, permissions_of};
use crate::role::{Permission, Permissions};
use crate::server::config::seconds;
use crate::server::{Context, Db, Error};
use crate::ui::utc;
use crate::user::server::UserId;
use crate::{in_tx, on};

/// One who administers, is kept out or is about to go is nobody to be used.
const FIND: &str = "
    SELECT u.session_epoch, u.email, u.email_verified_at, u.display_name,
        p.changed_at AS password_changed_at,
        (SELECT COUNT(*) FROM linked_accounts l WHERE l.user_id = u.id) AS linked_accounts,
        (SELECT COUNT(*) FROM sessions o
            WHERE o.user_id = u.id AND o.epoch = u.session_epoch AND o.expires_at > $2) AS sessions,
        (SELECT STRING_AGG(g.permission, ' ') FROM user_roles r
            JOIN role_permissions g ON g.role_id = r.role_id
            WHERE r.user_id = u.id) AS permissions
    FROM users u
    LEFT JOIN passwords p ON p.user_id = u.id
    WHERE u.id = $1 AND u.deletes_at IS NULL
        AND (u.disabled_at IS NULL OR u.disabled_until <= $2)";

const BEGIN: &str = "
    UPDATE sessions
    SET acting_as = $1, acting_until = $2
    WHERE id = $3";

const END: &str = "
    UPDATE sessions
    SET acting_as = NULL, acting_until = NULL
    WHERE id = $1 AND acting_as IS NOT NULL";

#[derive(sqlx::FromRow)]
struct Row {
    session_epoch: i64,
    email: Option<String>,
    email_verified_at: Option<i64>,
    display_name: String,
    password_changed_at: Option<i64>,
    linked_accounts: i64,
    sessions: i64,
    permissions: Option<String>,
}

/// Who a session is that acts as another user: that user, or the administrator again.
pub(super) async fn act_as(
    db: &Db,
    own: SignedIn,
    other: &str,
    until: i64,
    now: i64,
) -> Result<SignedIn, sqlx::Error> {
    if until <= now || !own.permissions.has(Permission::UsersImpersonate) {
        return Ok(own);
    }
    let found: Option<Row> =
        on!(db, db => sqlx::query_as(FIND).bind(other).bind(now).fetch_optional(db).await)?;
    let words = |row: &Row| {
        Permissions::of_words(row.permissions.as_deref().unwrap_or_default().split(' '))
    };
    let Some(row) = found.filter(|it| words(it).is_empty()) else { return Ok(own) };
    Ok(SignedIn {
        user_id: other.to_owned().into(),
        epoch: row.session_epoch,
        email: row.email,
        email_verified: row.email_verified_at.is_some(),
        display_name: row.display_name,
        password_changed_at: row.password_changed_at,
        linked_accounts: row.linked_accounts,
        sessions: row.sessions,
        permissions: Permissions::NONE,
        impersonator: Some(Impersonator { user_id: own.user_id, until }),
        ..own
    })
}

/// Begins to use the site as another user, who is told. Needs a fresh proof; the session gets a new id.
pub async fn begin(cx: &Context, user: &SignedIn, other: &UserId) -> Result<(), Error> {
    let app = &cx.app;
    let by = By::user(cx, user);
    user.require_fresh(app)?;
    let now = app.clock.now();
    let until = now.saturating_add(seconds(app.config.admin.impersonation));
    let mut tx = app.db.begin().await?;
    let contact = by.lock_with(&mut tx, other).await?;
    let acting = by.act(app, &mut tx, Permission::UsersImpersonate).await?;
    let can_be_used: Option<Row> = in_tx!(&mut tx, c => sqlx::query_as(FIND)
        .bind(other.as_str())
        .bind(now)
        .fetch_optional(c)
        .await)?;
    let held = permissions_of(&mut tx, other).await?;
    if can_be_used.is_none() || !held.is_empty() {
        return Err(AppError::Above.into());
    }
    let rotated = cx.session.rotate(&mut tx, user).await?;
    in_tx!(&mut tx, c => sqlx::query(BEGIN)
        .bind(other.as_str())
        .bind(until)
        .bind(&user.session_id)
        .execute(c)
        .await
        .map(drop))?;
    acting
        .note(app, &mut tx, Entry::new(Kind::ImpersonationBegun, Some(other)).about(&utc(until)))
        .await?;
    if let Some(email) = contact.email {
        let letter = Mail::Impersonated { at: utc(now), until: utc(until) };
        mail::send(app, &mut tx, Some(other), &email, &letter).await?;
    }
    tx.commit().await?;
    cx.session.follow(rotated, user).await;
    Ok(())
}

/// Goes back to the administrator's own account. Nothing where that is so already.
pub async fn end(cx: &Context, user: &SignedIn) -> Result<(), Error> {
    if user.impersonator.is_none() {
        return Ok(());
    }
    let app = &cx.app;
    let mut tx = app.db.begin().await?;
    let rotated = cx.session.rotate(&mut tx, user).await?;
    in_tx!(&mut tx, c => sqlx::query(END).bind(&user.session_id).execute(c).await.map(drop))?;
    note(cx, &mut tx, Kind::ImpersonationEnded, &user.user_id).await?;
    tx.commit().await?;
    cx.session.follow(rotated, user).await;
    Ok(())
}
