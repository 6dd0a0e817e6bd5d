//! The limits of users' accounts: which user one belongs to, and lifting them.

use super::manage::{Opened, open};
use crate::args;
use crate::audit::Kind;
use crate::audit::server::Entry;
use crate::password::server::failures;
use crate::role::server::{Acting, By};
use crate::role::{ActProblem, Permission};
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::limits;
use crate::server::{App, Error};
use crate::user::Email;
use crate::user::server::{UserId, find_contact};

/// How many users one query reads: few, since they are compared on a thread that answers requests.
const AT_ONCE: i64 = 1000;

const LIST: &str = "
    SELECT id, email_key
    FROM users
    WHERE id > $1
    ORDER BY id
    LIMIT $2";

/// Whether a limit is counted for this user: by their email, by their id, or by the digest of that where
/// they have no email. A subject may have more parts than that. Limits of recipients are counted by the
/// mailbox, which several users may share.
#[must_use]
pub fn is_of(limit: &str, subject: &str, user_id: &str, email_key: Option<&str>) -> bool {
    let email: Option<Email> = email_key.and_then(|it| it.parse().ok());
    if limits::is_of_recipients(limit) {
        return email.is_some_and(|it| subject == limits::mailbox(&it));
    }
    subject.split(' ').any(|part| {
        part == user_id
            || part == digest(user_id)
            || email.as_ref().is_some_and(|it| part == limits::account(it))
    })
}

/// The users for whose accounts a limit is counted. A digest names no user, so it is compared with all of
/// them; none where it belongs to an email without an account, or to an IP address.
pub async fn find_owners(app: &App, limit: &str, subject: &str) -> Result<Vec<UserId>, Error> {
    let (mut after, mut found) = (String::new(), Vec::new());
    loop {
        let rows: Vec<(String, Option<String>)> =
            app.db.fetch_all(LIST, args![&after, AT_ONCE]).await?;
        let Some((last, _)) = rows.last() else { return Ok(found) };
        after.clone_from(last);
        let of = rows.into_iter().filter(|(id, key)| is_of(limit, subject, id, key.as_deref()));
        found.extend(of.map(|(id, _)| UserId::from(id)));
    }
}

/// Begins to lift a limit of these users' accounts; refused where it is no longer theirs. All of them are
/// locked in one order, and before whoever acts, as in every act on a user.
pub async fn begin_lift<'a>(
    app: &App,
    tx: &mut Tx,
    by: &'a By,
    owners: &[UserId],
    (limit, subject): (&str, &str),
) -> Result<Acting<'a>, Error> {
    for user_id in owners {
        find_contact(tx, user_id).await?;
    }
    let mut begun = None;
    for user_id in owners {
        let Opened { acting, contact, .. } =
            open(app, tx, (by, Permission::LimitsLift), user_id, None).await?;
        let key = contact.email.as_ref().map(Email::key);
        if !is_of(limit, subject, user_id.as_str(), key) {
            return Err(ActProblem::Changed.into());
        }
        begun = Some(acting);
    }
    begun.ok_or_else(|| ActProblem::Changed.into())
}

/// Forgets a user's wrong passwords, and what they have used up of what is limited.
pub async fn unlock(app: &App, by: &By, user_id: &UserId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let Opened { acting, contact, .. } =
        open(app, &mut tx, (by, Permission::UsersRecover), user_id, None).await?;
    let email = contact.email.ok_or(ActProblem::NoAddress)?;
    let account = limits::account(&email);
    failures::clear(&mut tx, &account).await?;
    limits::forget_all(&mut tx, &account).await?;
    acting.note(app, &mut tx, Entry::new(Kind::LimitLifted, Some(user_id))).await?;
    tx.commit().await
}
