//! Starts, reads, rotates, lists and ends the sessions of users.

pub mod impersonation;
mod list;
mod lookup;
mod signed_in;
mod store;
pub mod trusted;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tower_sessions::Expiry;
use tower_sessions::cookie::time::Duration;
use tower_sessions::session::Id;

use crate::args;
use crate::audit::EventKind;
use crate::audit::server::record_event;
use crate::error::AccessProblem;
use crate::proof::server::Proofs;
use crate::server::clock::SKEW;
use crate::server::db::Tx;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::ticket::Purpose;
use crate::ticket::server as tickets;
use crate::user::server::{LockedUser, UserId, lifecycle, lock_user};

pub use list::{list, list_of};
pub use signed_in::{Impersonator, SignedIn};
use store::key;
pub use store::{NewSession, Store};

/// The id that a session's row already has and its browser does not have yet.
#[derive(Debug)]
#[must_use]
pub struct UnsentSessionId(Id);

/// The session of one request. No other code knows the keys under which its data is stored.
#[derive(Clone, Debug)]
pub struct Session {
    inner: tower_sessions::Session,
    store: Store,
    has_ended: Arc<AtomicBool>,
}

impl Session {
    #[must_use]
    pub fn new(inner: tower_sessions::Session, store: Store) -> Self {
        Self { inner, store, has_ended: Arc::default() }
    }

    /// Returns the signed-in user. Without a cookie it does not query the database.
    pub async fn user(&self) -> Result<Option<SignedIn>, Error> {
        if self.inner.id().is_none() {
            return Ok(None);
        }
        Ok(self.inner.get(key::USER).await?)
    }

    /// Makes room for one more session of a user whose row is locked. Returns whether others had to end.
    pub async fn make_room(&self, tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
        Ok(self.store.make_room(tx, user_id).await? > 0)
    }

    /// Writes a session under a new id as part of signing in. After the commit, [`Self::begin`] gives the id
    /// to the browser.
    pub async fn prepare(
        &self,
        tx: &mut Tx,
        new: &NewSession<'_>,
    ) -> Result<UnsentSessionId, Error> {
        let id = Id::default();
        self.store.insert(tx, &id, new).await?;
        Ok(UnsentSessionId(id))
    }

    /// Gives the browser its new session and ends any earlier one.
    pub async fn begin(
        &self,
        UnsentSessionId(id): UnsentSessionId,
        remembered: bool,
    ) -> Result<(), Error> {
        self.sign_out().await?;
        self.inner.insert(key::NEXT_ID, id.to_string()).await?;
        self.inner.set_expiry(Some(self.cookie_expiry(remembered, None)));
        // Save here and not at the end, so that this function reports a failure.
        self.inner.save().await?;
        Ok(())
    }

    /// Gives the row a new id, as every change of privilege must. Fails if the session has ended meanwhile.
    /// After the commit, [`Self::update_cookie`] updates the cookie.
    pub async fn rotate(&self, tx: &mut Tx, user: &SignedIn) -> Result<UnsentSessionId, Error> {
        let cookie = self.inner.id().ok_or(AccessProblem::Unauthenticated)?;
        let next = Id::default();
        if !self.store.rename(tx, &user.session_id, &cookie, &next).await? {
            return Err(AccessProblem::Unauthenticated.into());
        }
        Ok(UnsentSessionId(next))
    }

    /// Rotates the id and adds the proofs with which the user confirmed their identity, at `confirmed_at` with their
    /// strongest second factor.
    pub async fn add_proofs(
        &self,
        tx: &mut Tx,
        user: &SignedIn,
        proofs: &Proofs,
        confirmed_at: Option<i64>,
    ) -> Result<UnsentSessionId, Error> {
        let rotated = self.rotate(tx, user).await?;
        self.store.add_proofs(tx, &user.session_id, proofs, confirmed_at).await?;
        Ok(rotated)
    }

    /// Gives the browser the session's current id. A failure undoes nothing that was committed; that browser
    /// must sign in again.
    pub async fn update_cookie(&self, rotated: UnsentSessionId, user: &SignedIn) {
        if let Err(error) = self.try_update_cookie(rotated, user).await {
            let error = error.chain();
            tracing::warn!(
                error,
                "could not send the rotated session id; that browser must sign in again"
            );
        }
    }

    async fn try_update_cookie(
        &self,
        UnsentSessionId(next): UnsentSessionId,
        user: &SignedIn,
    ) -> Result<(), Error> {
        // As text, because JSON has no 128-bit numbers.
        self.inner.insert(key::NEXT_ID, next.to_string()).await?;
        self.inner.cycle_id().await?;
        self.inner.set_expiry(Some(self.cookie_expiry(user.remembered, Some(user.created_at))));
        self.inner.save().await?;
        Ok(())
    }

    /// Deletes the row and the cookie.
    pub async fn sign_out(&self) -> Result<(), Error> {
        if self.inner.id().is_some() {
            self.inner.flush().await?;
            self.has_ended.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Signs out, even if the session is already over: the browser keeps nothing of it.
    pub async fn discard(&self) -> Result<(), Error> {
        self.sign_out().await?;
        self.has_ended.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Returns whether this request has ended a session.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// A remembered session's cookie lasts until the session's absolute limit; the row has the idle limit.
    /// Any other cookie ends with the browser.
    fn cookie_expiry(&self, remembered: bool, created_at: Option<i64>) -> Expiry {
        if !remembered {
            return Expiry::OnSessionEnd;
        }
        let left = self.store.absolute_left(created_at);
        Expiry::OnInactivity(Duration::seconds(left))
    }
}

const END: &str = "
    DELETE FROM sessions
    WHERE user_id = $1 AND id = $2";

const DELETE_ALL: &str = "
    DELETE FROM sessions
    WHERE user_id = $1 AND expires_at > $2";

/// Leaves expired sessions to the sweep, which takes its locks in another order.
const END_OTHERS: &str = "
    DELETE FROM sessions
    WHERE user_id = $1 AND id <> $2 AND expires_at > $3";

const ADVANCE_EPOCH: &str = "
    UPDATE sessions
    SET epoch = epoch + 1
    WHERE id = $1 AND epoch = $2";

/// Ends all sessions of a user, including those that an earlier proof is about to start, and all trust in their
/// browsers.
pub async fn end_all_in(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    lifecycle::advance_epoch(tx, user_id).await?;
    trusted::revoke_all_in(tx, user_id).await?;
    tx.execute(DELETE_ALL, args![user_id.as_str(), app.clock.now()]).await?;
    impersonation::record_ended_in(&app.sessions, tx, user_id.as_str()).await
}

const IS_ALIVE: &str = "
    SELECT COUNT(*)
    FROM sessions s
    JOIN users u ON u.id = s.user_id AND u.session_epoch = s.epoch
    WHERE s.id = $1 AND s.expires_at > $2 AND s.seen_at <= $3";

/// Locks the user's row until the transaction ends. Fails if the session was ended or the user disabled
/// meanwhile.
pub async fn lock_signed_in(app: &App, tx: &mut Tx, user: &SignedIn) -> Result<LockedUser, Error> {
    let locked = lock_user(tx, &user.user_id).await?;
    let now = app.clock.now();
    let alive: i64 = tx.scalar(IS_ALIVE, args![&user.session_id, now, now + SKEW]).await?;
    let is_blocked = locked.is_blocked(app.timekeeper.range().earliest);
    if locked.epoch == user.epoch && alive == 1 && !is_blocked {
        Ok(locked)
    } else {
        Err(AccessProblem::Unauthenticated.into())
    }
}

/// Ends this browser's session.
pub async fn sign_out(cx: &Context) -> Result<(), Error> {
    if let Some(user) = cx.find_user().await? {
        let mut tx = cx.app.db.begin().await?;
        impersonation::record_end(cx, &mut tx, &user).await?;
        let own = user.impersonator.as_ref().map_or(&user.user_id, |it| &it.user_id);
        record_event(cx, &mut tx, EventKind::SignedOut, own).await?;
        tx.commit().await?;
    }
    clear_session_cookies(cx).await
}

/// Clears the session's cookie, and every cookie with which the browser's next user could finish something.
pub async fn clear_session_cookies(cx: &Context) -> Result<(), Error> {
    for cookie in cx.app.features.cookies().filter(|it| it.ends_with_session) {
        if cx.get(cookie).is_some() {
            cx.clear(cookie);
        }
    }
    cx.session.discard().await
}

/// Ends one session of a user. Returns false if it is not theirs.
pub async fn end_one_in(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    session_id: &str,
) -> Result<bool, Error> {
    let ended = tx.execute(END, args![user_id.as_str(), session_id]).await?;
    if ended > 0 {
        impersonation::record_ended_in(&app.sessions, tx, session_id).await?;
    }
    Ok(ended > 0)
}

/// Ends one of the user's sessions. Does nothing if the id is not one of theirs.
pub async fn end(cx: &Context, user: &SignedIn, session_id: &str) -> Result<(), Error> {
    user.require_fresh(&cx.app)?;
    let mut tx = cx.app.db.begin().await?;
    lock_signed_in(&cx.app, &mut tx, user).await?;
    if end_one_in(&cx.app, &mut tx, &user.user_id, session_id).await? {
        record_event(cx, &mut tx, EventKind::SessionEnded, &user.user_id).await?;
    }
    tx.commit().await
}

/// Ends all of the user's sessions except this one.
pub async fn end_others(cx: &Context, user: &SignedIn) -> Result<(), Error> {
    user.require_fresh(&cx.app)?;
    let mut tx = cx.app.db.begin().await?;
    end_others_in(&cx.app, &mut tx, user).await?;
    tickets::revoke(&mut tx, &user.user_id, Purpose::EmailChange).await?;
    record_event(cx, &mut tx, EventKind::OtherSessionsEnded, &user.user_id).await?;
    tx.commit().await
}

/// Ends all of the user's sessions except this one, and all trust in their browsers, inside a larger transaction.
/// This includes sessions that an earlier proof is about to start. Fails if this session has itself been ended meanwhile.
pub async fn end_others_in(app: &App, tx: &mut Tx, user: &SignedIn) -> Result<(), Error> {
    lock_signed_in(app, tx, user).await?;
    let begun = lifecycle::advance_epoch_from(tx, &user.user_id, user.epoch).await?;
    let kept = tx.execute(ADVANCE_EPOCH, args![&user.session_id, user.epoch]).await?;
    if (begun, kept) != (true, 1) {
        return Err(AccessProblem::Unauthenticated.into());
    }
    trusted::revoke_all_in(tx, &user.user_id).await?;
    tx.execute(END_OTHERS, args![user.user_id.as_str(), &user.session_id, app.clock.now()]).await?;
    impersonation::record_ended_in(&app.sessions, tx, user.user_id.as_str()).await
}

/// Deletes expired sessions.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    app.sessions.sweep(time).await
}

/// Records the end of impersonations that are over.
pub async fn record_ended_impersonations(app: &App) -> Result<(), Error> {
    impersonation::record_all_ended(&app.sessions).await
}
