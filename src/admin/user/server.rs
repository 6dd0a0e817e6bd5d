//! One user as administrators see them, and the actions on that user. The actions call functions of the
//! features, and the administrator must have confirmed their identity recently.

use super::{DisableForm, PartForm, RoleChoice, UserFactor, UserForm, UserView};
use crate::admin::log::server::row;
use crate::admin::server::account;
use crate::admin::server::manage::{self, RoleChange};
use crate::admin::users::server::status;
use crate::args;
use crate::audit::server::search;
use crate::authenticator_app::server as apps;
use crate::error::{AppError, Problems, RequestProblem};
use crate::linked_account::server::of_user;
use crate::passkey::server as passkeys;
use crate::password::server::failures;
use crate::recovery_code;
use crate::role::server::{self as roles, Principal};
use crate::role::{ADMINISTRATOR, Permission, Permissions, may_reach};
use crate::server::db::Tx;
use crate::server::limits;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, list_of};
use crate::user::Disabling;
use crate::user::server::UserId;
use crate::user::server::search::find_one;

/// Events shown on the page.
const EVENTS: i64 = 20;

const PASSWORD_CHANGED_AT: &str = "
    SELECT changed_at
    FROM passwords
    WHERE user_id = $1";

/// Loads all that the page shows about a user, and what this viewer may do to them.
pub async fn load(app: &App, viewer: &SignedIn, id: &str) -> Result<UserView, Error> {
    let user_id = UserId::from(id.to_owned());
    let user = find_one(app, &user_id).await?.ok_or(RequestProblem::NotFound)?;
    let now = app.clock.now();
    let all = roles::list(app).await?;
    let held = roles::of_user(app, &user_id).await?;
    let is_held = |id: &str| held.iter().any(|it| it.0 == id);
    let user_permissions = all
        .iter()
        .filter(|it| is_held(&it.id))
        .fold(Permissions::NONE, |held, it| held.and(it.held().own));
    let actor = viewer.actor();
    let viewer_permissions = roles::held_by(app, &viewer.user_id).await?;
    let can =
        if may_reach(&actor, user_permissions) { viewer.permissions } else { Permissions::NONE };
    let is_only_administrator =
        roles::is_only_administrator(app, &user_id, user_permissions).await?;
    let events = search::EventFilter { subject: Some(user.id.clone()), ..Default::default() };
    let events = search::find(app, &events, None, EVENTS).await?;
    let is_verified = user.email_verified_at.is_some();
    let choices = all.into_iter().map(|it| RoleChoice {
        is_held: is_held(&it.id),
        may_change: viewer_permissions.covers(&it.held())
            && (is_held(&it.id) || is_verified || it.held().is_empty())
            && !(is_only_administrator && it.id == ADMINISTRATOR),
        id: it.id,
        name: it.name,
    });
    let account =
        user.email.as_deref().and_then(|it| it.parse().ok()).map(|it| limits::account_subject(&it));
    let mut tx = app.db.snapshot().await?;
    let factors = factors(&mut tx, &user_id).await?;
    let unused_codes = recovery_code::server::count_unused(&mut tx, &user_id).await?;
    drop(tx);
    Ok(UserView {
        factors,
        unused_codes,
        status: status(&user, now),
        disabled_reason: user.disabled_reason,
        created_at: user.created_at,
        verified_at: user.email_verified_at,
        revision: user.revision,
        password_changed_at: app
            .db
            .scalar_optional(PASSWORD_CHANGED_AT, args![user_id.as_str()])
            .await?,
        is_delayed_or_locked: is_delayed_or_locked(app, &user_id, account.as_deref()).await?,
        linked: of_user(app, &user_id).await?.into_iter().map(|it| it.view(app)).collect(),
        sessions: list_of(app, &user_id).await?,
        roles: choices.filter(|it| it.is_held || it.may_change).collect(),
        events: events.into_iter().map(row).collect(),
        can,
        is_only_administrator,
        can_be_impersonated: user_permissions.is_empty() && can.has(Permission::UsersImpersonate),
        id: user.id,
        email: user.email,
        name: user.display_name,
        now,
    })
}

async fn factors(tx: &mut Tx, user_id: &UserId) -> Result<Vec<UserFactor>, Error> {
    let passkeys = passkeys::of_user_in(tx, user_id).await?.into_iter().map(|it| UserFactor {
        id: it.id,
        name: it.name,
        is_passkey: true,
        created_at: it.created_at,
    });
    let apps = apps::of_user_in(tx, user_id).await?.into_iter().map(|it| UserFactor {
        id: it.id,
        name: it.name,
        is_passkey: false,
        created_at: it.created_at,
    });
    Ok(passkeys.chain(apps).collect())
}

/// Returns whether wrong passwords or codes delay or lock the user's sign-ins.
async fn is_delayed_or_locked(
    app: &App,
    user_id: &UserId,
    account: Option<&str>,
) -> Result<bool, Error> {
    let codes = failures::second_factor_key(user_id);
    for key in [Some(codes.as_str()), account].into_iter().flatten() {
        if failures::is_delayed_or_locked(app, key).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn user(id: &crate::form::RowId) -> UserId {
    id.as_str().to_owned().into()
}

/// Parses the revision that was shown. A malformed one becomes -1, which matches no revision.
fn seen(text: &str) -> i64 {
    text.parse().unwrap_or(-1)
}

pub async fn disable(cx: &Context, form: &DisableForm) -> Result<(), Error> {
    let by = Principal::fresh(cx).await?;
    let disabling = Disabling::parse(&form.reason, &form.until, cx.app.clock.now())
        .map_err(|it| AppError::Invalid(Problems { disable: Some(it), ..Problems::default() }))?;
    manage::disable(&cx.app, &by, &user(&form.id), Some(seen(&form.seen)), &disabling).await
}

pub async fn enable(cx: &Context, form: &UserForm) -> Result<(), Error> {
    manage::enable(&cx.app, &Principal::fresh(cx).await?, &user(&form.id), Some(seen(&form.seen)))
        .await
}

pub async fn end_session(cx: &Context, form: &PartForm) -> Result<(), Error> {
    manage::end_session(&cx.app, &Principal::fresh(cx).await?, &user(&form.id), form.part.as_str())
        .await
}

pub async fn end_sessions(cx: &Context, form: &UserForm) -> Result<(), Error> {
    manage::end_sessions(&cx.app, &Principal::fresh(cx).await?, &user(&form.id)).await
}

/// Mails the link to the user; the administrator never sees it.
pub async fn send_password_link(cx: &Context, form: &UserForm) -> Result<(), Error> {
    manage::send_password_link(&cx.app, &Principal::fresh(cx).await?, &user(&form.id))
        .await
        .map(drop)
}

pub async fn unlink(cx: &Context, form: &PartForm) -> Result<(), Error> {
    manage::remove_link(&cx.app, &Principal::fresh(cx).await?, &user(&form.id), form.part.as_str())
        .await
}

pub async fn remove_factor(cx: &Context, form: &PartForm) -> Result<(), Error> {
    manage::remove_factor(
        &cx.app,
        &Principal::fresh(cx).await?,
        &user(&form.id),
        form.part.as_str(),
    )
    .await
}

pub async fn set_role(cx: &Context, form: &PartForm, is_given: bool) -> Result<(), Error> {
    let by = Principal::fresh(cx).await?;
    let role = [form.part.as_str().to_owned()];
    let (add, remove): (&[String], &[String]) = if is_given { (&role, &[]) } else { (&[], &role) };
    let change = RoleChange { add, remove };
    manage::change_roles(&cx.app, &by, &user(&form.id), Some(seen(&form.seen)), &change).await
}

pub async fn delete(cx: &Context, form: &UserForm) -> Result<(), Error> {
    manage::delete(&cx.app, &Principal::fresh(cx).await?, &user(&form.id), Some(seen(&form.seen)))
        .await
}

pub async fn restore(cx: &Context, form: &UserForm) -> Result<(), Error> {
    manage::restore(&cx.app, &Principal::fresh(cx).await?, &user(&form.id), Some(seen(&form.seen)))
        .await
}

pub async fn unlock(cx: &Context, form: &UserForm) -> Result<(), Error> {
    account::unlock(&cx.app, &Principal::fresh(cx).await?, &user(&form.id)).await
}
