//! Impersonation: a session of an administrator that acts as another user for a limited time.
//!
//! It stays one row and one cookie. Each request checks it again, so that it ends at once when its time is
//! over, the administrator loses the permission, or the user can no longer be impersonated.

use super::{Impersonator, SignedIn, Store, UnsentSessionId};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{Entry, record};
use crate::record;
use crate::role::{AdminProblem, Permissions};
use crate::server::db::Tx;
use crate::server::{Client, Context, Error};
use crate::user::server::UserId;

/// Administrators, disabled users and users whose account deletion is pending cannot be impersonated. The
/// argument is the placeholder of the earliest possible time.
macro_rules! can_be_impersonated {
    ($earliest:literal) => {
        concat!(
            "u.deletes_at IS NULL AND (u.disabled_at IS NULL OR u.disabled_until <= ",
            $earliest,
            ")
        AND NOT EXISTS (SELECT 1 FROM user_roles r JOIN role_permissions g ON g.role_id = r.role_id
            WHERE r.user_id = u.id AND g.permission NOT LIKE '%:%')"
        )
    };
}

/// Sessions with a current impersonation: live, within its time, and of an administrator who still has the
/// permission. `$1` is the time, `$2` the latest end of an impersonation that began in the past.
macro_rules! current {
    () => {
        concat!(
            "FROM sessions s
    JOIN users u ON u.id = s.acting_as
    JOIN users a ON a.id = s.user_id AND a.session_epoch = s.epoch
    WHERE s.expires_at > $1 AND s.acting_until > $1 AND s.acting_until <= $2
        AND EXISTS (SELECT 1 FROM user_roles r JOIN role_permissions g ON g.role_id = r.role_id
            WHERE r.user_id = a.id AND g.permission IN ('*', 'users.impersonate'))
        AND ",
            can_be_impersonated!("$3")
        )
    };
}

const FIND: &str = concat!(
    "
    SELECT u.id, u.session_epoch, u.email, u.email_verified_at, u.display_name,
        (SELECT p.changed_at FROM passwords p WHERE p.user_id = u.id) AS password_changed_at,
        (SELECT COUNT(*) FROM linked_accounts l WHERE l.user_id = u.id) AS linked_accounts,
        (SELECT COUNT(*) FROM sessions o
            WHERE o.user_id = u.id AND o.epoch = u.session_epoch AND o.expires_at > $1) AS sessions,
        s.acting_until
    ",
    current!(),
    " AND s.id = $4"
);

const CAN_BE_IMPERSONATED: &str = concat!(
    "
    SELECT u.id
    FROM users u
    WHERE u.id = $1 AND ",
    can_be_impersonated!("$2")
);

const BEGIN: &str = "
    UPDATE sessions
    SET acting_as = $1, acting_until = $2
    WHERE id = $3";

const END: &str = "
    UPDATE sessions
    SET acting_as = NULL, acting_until = NULL
    WHERE id = $1 AND acting_as IS NOT NULL";

const OPEN: &str = "
    INSERT INTO impersonations (session_id, administrator, acting_as)
    VALUES ($1, $2, $3)";

const CLOSE: &str = "
    DELETE FROM impersonations
    WHERE session_id = $1
    RETURNING session_id, administrator, acting_as";

/// Impersonations that ended without a record: with their session, by time, or no longer allowed.
macro_rules! ended {
    ($begin:literal, $end:literal) => {
        concat!(
            $begin,
            " FROM impersonations
    WHERE NOT EXISTS (SELECT 1 ",
            current!(),
            " AND s.id = impersonations.session_id AND s.acting_as = impersonations.acting_as) ",
            $end
        )
    };
}

const FIND_ENDED: &str = ended!("SELECT session_id", "LIMIT 500");

const CLOSE_ENDED: &str = ended!(
    "DELETE",
    "AND (session_id = $4 OR administrator = $4 OR acting_as = $4)
    RETURNING session_id, administrator, acting_as"
);

record! {
    struct Row {
        id: String,
        session_epoch: i64,
        email: Option<String>,
        email_verified_at: Option<i64>,
        display_name: String,
        password_changed_at: Option<i64>,
        linked_accounts: i64,
        sessions: i64,
        acting_until: i64,
    }
}

record! {
    /// An impersonation whose end is about to be recorded.
    struct Closed {
        session_id: String,
        administrator: String,
        acting_as: String,
    }
}

/// Returns the impersonated user, or the administrator if the impersonation is over.
pub(super) async fn resolve_impersonation(store: &Store, own: SignedIn) -> Result<SignedIn, Error> {
    let times = store.impersonation_times();
    let found: Option<Row> = store
        .db()
        .fetch_optional(FIND, args![times.now, times.last, times.earliest, &own.session_id])
        .await?;
    let Some(row) = found else { return Ok(own) };
    Ok(SignedIn {
        user_id: row.id.into(),
        epoch: row.session_epoch,
        email: row.email,
        email_verified: row.email_verified_at.is_some(),
        display_name: row.display_name,
        password_changed_at: row.password_changed_at,
        linked_accounts: row.linked_accounts,
        sessions: row.sessions,
        permissions: Permissions::NONE,
        impersonator: Some(Impersonator { user_id: own.user_id, until: row.acting_until }),
        ..own
    })
}

/// Starts the impersonation of a user until `until`, in Unix seconds, and rotates the session's id. Fails if
/// the user cannot be impersonated.
pub async fn start(
    cx: &Context,
    tx: &mut Tx,
    user: &SignedIn,
    other: &UserId,
    until: i64,
) -> Result<UnsentSessionId, Error> {
    let app = &cx.app;
    let can_be_impersonated: Option<String> = tx
        .scalar_optional(
            CAN_BE_IMPERSONATED,
            args![other.as_str(), app.timekeeper.range().earliest],
        )
        .await?;
    if can_be_impersonated.is_none() {
        return Err(AdminProblem::TargetOutranksActor.into());
    }
    // Record the end of one that ended a moment ago.
    record_ended_in(&app.sessions, tx, &user.session_id).await?;
    let rotated = cx.session.rotate(tx, user).await?;
    tx.execute(BEGIN, args![other.as_str(), until, &user.session_id]).await?;
    tx.execute(OPEN, args![&user.session_id, user.user_id.as_str(), other.as_str()]).await?;
    Ok(rotated)
}

/// Returns to the administrator's own account. Does nothing without an impersonation.
pub async fn end(cx: &Context, user: &SignedIn) -> Result<(), Error> {
    if user.impersonator.is_none() {
        return Ok(());
    }
    let mut tx = cx.app.db.begin().await?;
    record_end(cx, &mut tx, user).await?;
    let rotated = cx.session.rotate(&mut tx, user).await?;
    tx.execute(END, args![&user.session_id]).await?;
    tx.commit().await?;
    cx.session.update_cookie(rotated, user).await;
    Ok(())
}

/// Records the end of the impersonation in this browser's session, if there is one.
pub(super) async fn record_end(cx: &Context, tx: &mut Tx, user: &SignedIn) -> Result<(), Error> {
    let closed: Option<Closed> = tx.fetch_optional(CLOSE, args![&user.session_id]).await?;
    if let Some(closed) = closed {
        write_end(tx, &closed, &cx.client, cx.app.clock.now()).await?;
    }
    Ok(())
}

async fn write_end(tx: &mut Tx, closed: &Closed, client: &Client, now: i64) -> Result<(), Error> {
    let user_id = UserId::from(closed.acting_as.clone());
    let entry = Entry::new(EventKind::ImpersonationEnded, Some(&user_id)).by(&closed.administrator);
    record(tx, &entry, client, now).await
}

/// Records the end of the impersonations that are over: those in one session, or those by or of one user.
/// Code that ends sessions calls this in its transaction.
pub async fn record_ended_in(store: &Store, tx: &mut Tx, id: &str) -> Result<(), Error> {
    let times = store.impersonation_times();
    let over: Vec<Closed> =
        tx.fetch_all(CLOSE_ENDED, args![times.now, times.last, times.earliest, id]).await?;
    for closed in over {
        tx.execute(END, args![&closed.session_id]).await?;
        write_end(tx, &closed, &Client::default(), times.now).await?;
    }
    Ok(())
}

/// Records the end of all impersonations that are over and were not recorded by another transaction.
pub async fn record_all_ended(store: &Store) -> Result<(), Error> {
    let times = store.impersonation_times();
    let over: Vec<String> =
        store.db().scalar_all(FIND_ENDED, args![times.now, times.last, times.earliest]).await?;
    for session_id in over {
        let mut tx = store.db().begin().await?;
        record_ended_in(store, &mut tx, &session_id).await?;
        tx.commit().await?;
    }
    Ok(())
}
