//! Starting an impersonation.

use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::mail::server::{self as mail, Mail};
use crate::role::Permission;
use crate::role::server::Principal;
use crate::server::config::seconds;
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, impersonation};
use crate::text::utc;
use crate::user::server::UserId;

/// Starts impersonating another user and notifies that user by mail. The administrator must have confirmed
/// their identity recently; the session gets a new id.
pub async fn start(cx: &Context, user: &SignedIn, other: &UserId) -> Result<(), Error> {
    let app = &cx.app;
    let by = Principal::user(cx, user);
    user.require_fresh(app)?;
    let now = app.clock.now();
    let until = now.saturating_add(seconds(app.config.admin.impersonation));
    let mut tx = app.db.begin().await?;
    let locked = by.lock_target(&mut tx, other).await?;
    let acting = by.authorize(app, &mut tx, Permission::UsersImpersonate).await?;
    let rotated = impersonation::start(cx, &mut tx, user, other, until).await?;
    let entry = Entry::new(EventKind::ImpersonationBegun, Some(other));
    acting.record(app, &mut tx, entry.about(&utc(until))).await?;
    if let Some(email) = locked.email {
        let mail = Mail::Impersonated { at: utc(now), until: utc(until) };
        mail::send(app, &mut tx, Some(other), &email, &mail).await?;
    }
    tx.commit().await?;
    cx.session.update_cookie(rotated, user).await;
    Ok(())
}
