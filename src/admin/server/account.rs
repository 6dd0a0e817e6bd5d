//! Limits on users' accounts: finding the users that a limit concerns, and lifting it.

use super::manage::{AuthorizedTarget, lock_and_authorize};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::password::server::failures;
use crate::role::server::{Acting, Principal};
use crate::role::{AdminProblem, Permission};
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::limits;
use crate::server::{App, Error};
use crate::user::Email;
use crate::user::server::{UserId, lock_user};

/// Users read per query. Few, since they are compared on a thread that serves requests.
const AT_ONCE: i64 = 1000;

const LIST: &str = "
    SELECT id, email_key
    FROM users
    WHERE id > $1
    ORDER BY id
    LIMIT $2";

/// Tells whether a limit counts for this user: by email, by id, by the id's digest if there is no email, or by the key
/// for wrong codes. A subject may have other parts too. Limits on recipients count by mailbox, which several users may share.
#[must_use]
pub fn concerns_user(limit: &str, subject: &str, user_id: &str, email_key: Option<&str>) -> bool {
    let email: Option<Email> = email_key.and_then(|it| it.parse().ok());
    if limits::is_recipient_limit(limit) {
        return email.is_some_and(|it| subject == limits::mailbox_subject(&it));
    }
    subject.split(' ').any(|part| {
        part == user_id
            || part == digest(user_id)
            || part == failures::second_factor_key(&user_id.to_owned().into())
            || email.as_ref().is_some_and(|it| part == limits::account_subject(it))
    })
}

/// Finds the users whose accounts a limit counts for. A digest can't be reversed, so it is compared with
/// every user. An IP address, or an email without an account, has no owners.
pub async fn find_owners(app: &App, limit: &str, subject: &str) -> Result<Vec<UserId>, Error> {
    let (mut after, mut found) = (String::new(), Vec::new());
    loop {
        let rows: Vec<(String, Option<String>)> =
            app.db.fetch_all(LIST, args![&after, AT_ONCE]).await?;
        let Some((last, _)) = rows.last() else { return Ok(found) };
        after.clone_from(last);
        let of =
            rows.into_iter().filter(|(id, key)| concerns_user(limit, subject, id, key.as_deref()));
        found.extend(of.map(|(id, _)| UserId::from(id)));
    }
}

/// Starts lifting a limit on these users' accounts; refused if it is no longer theirs. Locks the users in one
/// order and before the actor, as every action on a user does.
pub async fn begin_lift<'a>(
    app: &App,
    tx: &mut Tx,
    by: &'a Principal,
    owners: &[UserId],
    (limit, subject): (&str, &str),
) -> Result<Acting<'a>, Error> {
    for user_id in owners {
        lock_user(tx, user_id).await?;
    }
    let mut begun = None;
    for user_id in owners {
        let AuthorizedTarget { acting, locked, .. } =
            lock_and_authorize(app, tx, (by, Permission::LimitsLift), user_id, None).await?;
        let key = locked.email.as_ref().map(Email::key);
        if !concerns_user(limit, subject, user_id.as_str(), key) {
            return Err(AdminProblem::Changed.into());
        }
        begun = Some(acting);
    }
    begun.ok_or_else(|| AdminProblem::Changed.into())
}

/// Clears the wrong passwords and codes and the rate limits counted for a user's account.
pub async fn unlock(app: &App, by: &Principal, user_id: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let AuthorizedTarget { acting, locked, .. } =
        lock_and_authorize(app, &mut tx, (by, Permission::UsersRecover), user_id, None).await?;
    failures::clear(&mut tx, &failures::second_factor_key(user_id)).await?;
    if let Some(email) = locked.email {
        let account = limits::account_subject(&email);
        failures::clear(&mut tx, &account).await?;
        limits::reset_all(&mut tx, &account).await?;
    }
    acting.record(app, &mut tx, Entry::new(EventKind::LimitLifted, Some(user_id))).await?;
    tx.commit().await
}
