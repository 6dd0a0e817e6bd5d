//! Administrators' actions on users. The pages and the command line share these functions, and so the rules
//! and the audit events.

use crate::args;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::authenticator_app;
use crate::error::RequestProblem;
use crate::form::RowId;
use crate::mail::server::{self as mail, Mail, UntrustedText};
use crate::passkey;
use crate::password::server::{PasswordHash, failures, store};
use crate::recovery_code;
use crate::role::server::{
    Acting, Principal, assign_in, lock_administrators, lock_if_administrator, permissions_of,
    require_remaining_administrator, unassign_in,
};
use crate::role::{ADMINISTRATOR, AdminProblem, Permission, Permissions};
use crate::second_factor_policy;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::session::server::{end_all_in, end_one_in, impersonation};
use crate::text::trim_pasted;
use crate::text::utc;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem};
use crate::user::server::{LockedUser, UserEmail, UserId, insert, lifecycle};
use crate::user::{Disabling, DisplayName, Email};

/// A user to be created.
#[derive(Debug)]
pub struct NewUser<'a> {
    pub email: &'a Email,
    pub name: &'a DisplayName,
    /// If None, the user chooses a password through a mailed link.
    pub password: Option<&'a PasswordHash>,
    /// Role ids.
    pub roles: &'a [String],
}

/// The ids of roles to give and to remove.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoleChange<'a> {
    pub add: &'a [String],
    pub remove: &'a [String],
}

const FIND_ID: &str = "
    SELECT id
    FROM users
    WHERE email_key = $1 OR id = $2";

/// Finds a user by email or id.
pub async fn find(app: &App, name: &str) -> Result<UserId, Error> {
    let key = name.parse::<Email>().map(|it| it.key().to_owned()).unwrap_or_default();
    let id = RowId::from(trim_pasted(name).to_owned());
    let found: Option<String> = app.db.scalar_optional(FIND_ID, args![key, id.as_str()]).await?;
    found.map(UserId::from).ok_or_else(|| RequestProblem::NotFound.into())
}

/// A user being acted on, locked until the transaction ends.
pub(super) struct AuthorizedTarget<'a> {
    pub acting: Acting<'a>,
    pub locked: LockedUser,
    held: Permissions,
}

/// Locks a user for an action until the transaction ends. Refused if the actor lacks the permission, if
/// the user outranks the actor, or if the user has changed since shown.
pub(super) async fn lock_and_authorize<'a>(
    app: &App,
    tx: &mut Tx,
    (by, permission): (&'a Principal, Permission),
    user_id: &UserId,
    seen: Option<i64>,
) -> Result<AuthorizedTarget<'a>, Error> {
    let guarded = lock_if_administrator(tx, user_id).await?;
    let locked = by.lock_target(tx, user_id).await?;
    // The actor and the user may have changed while this waited for the lock.
    let acting = by.authorize(app, tx, permission).await?;
    let held = permissions_of(tx, user_id).await?;
    acting.require_reach(held)?;
    if held != guarded || seen.is_some_and(|it| it != locked.revision) {
        return Err(AdminProblem::Changed.into());
    }
    Ok(AuthorizedTarget { acting, locked, held })
}

async fn bump(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    lifecycle::bump_revision(tx, user_id, app.clock.now()).await
}

/// Creates a user whose email counts as verified, since an operator vouches for it. Refused if the email is
/// taken.
pub async fn create(app: &App, by: &Principal, new: &NewUser<'_>) -> Result<UserId, Error> {
    let mut tx = app.db.begin().await?;
    let user_id = create_in(app, &mut tx, by, new).await?;
    tx.commit().await?;
    Ok(user_id)
}

/// Creates a user as [`create`] does, in the caller's transaction.
pub async fn create_in(
    app: &App,
    tx: &mut Tx,
    by: &Principal,
    new: &NewUser<'_>,
) -> Result<UserId, Error> {
    let now = app.clock.now();
    let address = UserEmail { email: new.email, is_verified: true };
    let user_id = insert(tx, Some(address), new.name.as_str(), now)
        .await?
        .ok_or(TicketProblem::EmailTaken)?;
    if let Some(hash) = new.password {
        store(tx, &user_id, hash, now).await?;
    }
    let acting = by.authorize(app, tx, Permission::UsersInvite).await?;
    acting.record(app, tx, Entry::new(EventKind::UserCreated, Some(&user_id))).await?;
    for role in new.roles {
        assign_in(app, tx, by, &user_id, role).await?;
    }
    Ok(user_id)
}

/// Disables a user and ends all their sessions.
pub async fn disable(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    seen: Option<i64>,
    disabling: &Disabling,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, held, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersDisable), user_id, seen).await?;
    let now = app.clock.now();
    lifecycle::disable(&mut tx, user_id, (now, disabling.until), &disabling.reason).await?;
    require_remaining_administrator(&mut tx, held, app.timekeeper.range().earliest).await?;
    end_all_in(app, &mut tx, user_id).await?;
    bump(app, &mut tx, user_id).await?;
    acting
        .record(
            app,
            &mut tx,
            Entry::new(EventKind::Disabled, Some(user_id)).about(&disabling.reason),
        )
        .await?;
    tx.commit().await
}

/// Enables a disabled user.
pub async fn enable(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    seen: Option<i64>,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersDisable), user_id, seen).await?;
    let was_disabled = lifecycle::enable(&mut tx, user_id).await?;
    commit_undo(app, tx, &acting, (EventKind::Enabled, user_id), was_disabled).await
}

/// Commits the undoing of a disabling or deletion; logs it only if there was one.
async fn commit_undo(
    app: &App,
    mut tx: Tx,
    acting: &Acting<'_>,
    (kind, user_id): (EventKind, &UserId),
    was_there: bool,
) -> Result<(), Error> {
    if was_there {
        bump(app, &mut tx, user_id).await?;
        acting.record(app, &mut tx, Entry::new(kind, Some(user_id))).await?;
    }
    tx.commit().await
}

/// Ends all sessions of a user.
pub async fn end_sessions(app: &App, by: &Principal, user_id: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersDisable), user_id, None).await?;
    end_all_in(app, &mut tx, user_id).await?;
    acting.record(app, &mut tx, Entry::new(EventKind::SessionsEnded, Some(user_id))).await?;
    tx.commit().await
}

/// Ends one session of a user. An id that names no session of theirs counts as ended already.
pub async fn end_session(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    session_id: &str,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersDisable), user_id, None).await?;
    if end_one_in(app, &mut tx, user_id, session_id).await? {
        acting.record(app, &mut tx, Entry::new(EventKind::SessionEnded, Some(user_id))).await?;
    }
    tx.commit().await
}

/// Mails a link to reset the password, and returns it. Nothing changes until it is used; only the user ever
/// knows or sets the password.
pub async fn send_password_link(
    app: &App,
    by: &Principal,
    user_id: &UserId,
) -> Result<String, Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, locked, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersRecover), user_id, None).await?;
    let email = locked.email.ok_or(AdminProblem::NoEmail)?;
    let issued = tickets::issue(app, &mut tx, Purpose::Recovery, Some(user_id), &email).await?;
    let link = issued.link.clone();
    let mail = Mail::PasswordLink { link: issued.link, lifetime: issued.lifetime };
    mail::send(app, &mut tx, Some(user_id), &email, &mail).await?;
    acting.record(app, &mut tx, Entry::new(EventKind::PasswordLinkSent, Some(user_id))).await?;
    tx.commit().await?;
    Ok(link)
}

/// Unlinks a linked account from a user and notifies them by mail.
pub async fn remove_link(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    link_id: &str,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, locked, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersRecover), user_id, None).await?;
    if let Some(link) = crate::linked_account::server::delete(&mut tx, user_id, link_id).await? {
        let entry = Entry::new(EventKind::ProviderUnlinked, Some(user_id)).about(&link.provider);
        acting.record(app, &mut tx, entry).await?;
        if let Some(email) = locked.email {
            let provider = app.config.provider_label(&link.provider);
            let (at, account) = (utc(app.clock.now()), UntrustedText::new(&link.account));
            let mail = Mail::UnlinkedByAdministrator { at, provider, account };
            mail::send(app, &mut tx, Some(user_id), &email, &mail).await?;
        }
        // Sessions that were started with that account must end with it.
        end_all_in(app, &mut tx, user_id).await?;
        bump(app, &mut tx, user_id).await?;
    }
    tx.commit().await
}

/// Removes one of a user's second factors and notifies them by mail; the recovery codes go with the last one. An
/// administrator never adds a factor.
pub async fn remove_factor(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    factor_id: &str,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, locked, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersRecover), user_id, None).await?;
    // Deleted at once: an earlier notice must not restore a lost factor.
    let app_name = authenticator_app::server::delete(&mut tx, user_id, factor_id).await?;
    let passkey_name = passkey::server::delete(&mut tx, user_id, factor_id).await?;
    let kind = match app_name {
        Some(_) => EventKind::AuthenticatorAppRemoved,
        None => EventKind::PasskeyRemoved,
    };
    let Some(name) = app_name.or(passkey_name) else { return Ok(()) };
    let entry = Entry::new(kind, Some(user_id)).about(&name);
    acting.record(app, &mut tx, entry).await?;
    if second_factor_policy::server::Held::of(&mut tx, user_id).await?.count() == 0 {
        recovery_code::server::delete_all(&mut tx, user_id).await?;
        failures::clear(&mut tx, &failures::second_factor_key(user_id)).await?;
    }
    second_factor_policy::server::require_set_up(app, &mut tx, user_id).await?;
    if let Some(email) = locked.email {
        let (at, name) = (utc(app.clock.now()), UntrustedText::new(&name));
        let mail = Mail::FactorRemovedByAdministrator { at, name };
        mail::send(app, &mut tx, Some(user_id), &email, &mail).await?;
    }
    // Someone who found the lost factor may be signed in.
    end_all_in(app, &mut tx, user_id).await?;
    bump(app, &mut tx, user_id).await?;
    tx.commit().await
}

/// Closes an account at once, deletes it after the grace period and notifies its owner. Signing in does not
/// cancel this deletion.
pub async fn delete(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    seen: Option<i64>,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, locked, held } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersDelete), user_id, seen).await?;
    let now = app.clock.now();
    let until = now.saturating_add(seconds(app.config.account.deletion_grace));
    if !lifecycle::schedule_deletion(&mut tx, user_id, until, &by.id).await? {
        // An administrator has closed it already, and the owner was notified.
        return Ok(());
    }
    require_remaining_administrator(&mut tx, held, app.timekeeper.range().earliest).await?;
    end_all_in(app, &mut tx, user_id).await?;
    bump(app, &mut tx, user_id).await?;
    acting.record(app, &mut tx, Entry::new(EventKind::DeletionScheduled, Some(user_id))).await?;
    if let Some(email) = locked.email {
        let mail = Mail::DeletedByAdministrator { until: utc(until) };
        mail::send(app, &mut tx, Some(user_id), &email, &mail).await?;
    }
    tx.commit().await
}

/// Cancels a pending account deletion.
pub async fn restore(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    seen: Option<i64>,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersDelete), user_id, seen).await?;
    let was_pending = lifecycle::cancel_deletion(&mut tx, user_id).await?;
    commit_undo(app, tx, &acting, (EventKind::DeletionCancelled, user_id), was_pending).await
}

/// Deletes an account at once, with everything that names it except the audit log.
pub async fn delete_now(app: &App, by: &Principal, user_id: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, held, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersDelete), user_id, None).await?;
    lifecycle::delete(&mut tx, user_id).await?;
    impersonation::record_ended_in(&app.sessions, &mut tx, user_id.as_str()).await?;
    require_remaining_administrator(&mut tx, held, app.timekeeper.range().earliest).await?;
    acting.record(app, &mut tx, Entry::new(EventKind::Deleted, Some(user_id))).await?;
    tx.commit().await
}

/// Gives and removes roles of a user. Actors can give or remove only what they hold themselves.
pub async fn change_roles(
    app: &App,
    by: &Principal,
    user_id: &UserId,
    seen: Option<i64>,
    change: &RoleChange<'_>,
) -> Result<(), Error> {
    let mut roles: Vec<(&String, bool)> = change.add.iter().map(|it| (it, true)).collect();
    roles.extend(change.remove.iter().map(|it| (it, false)));
    // Each role is locked, so the order is fixed; the one that others lock first comes first.
    roles.sort_by_key(|(id, is_given)| (*id != ADMINISTRATOR, *id, *is_given));
    let mut tx = app.db.begin().await?;
    if roles.iter().any(|(id, _)| *id == ADMINISTRATOR) {
        lock_administrators(&mut tx).await?;
    }
    lock_and_authorize(app, &mut tx, (by, Permission::RolesAssign), user_id, seen).await?;
    for (role, is_given) in &roles {
        if *is_given {
            assign_in(app, &mut tx, by, user_id, role).await?;
        } else {
            unassign_in(app, &mut tx, by, user_id, role).await?;
        }
    }
    bump(app, &mut tx, user_id).await?;
    tx.commit().await
}
