//! The actors of domain functions that pages and commands share.
//!
//! A [`Principal`] only identifies the actor. [`Principal::authorize`] reads the actor's permissions, inside the action's
//! transaction and after its locks. Only the [`Acting`] that it returns writes events, so every action calls
//! it.

use crate::audit::server::{Entry, record};
use crate::error::{AccessProblem, AppError, RequestProblem};
use crate::role::{Actor, AdminProblem, Permission, Permissions, may, may_reach};
use crate::server::db::Tx;
use crate::server::{App, Client, Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::user::server::{LockedUser, UserId, lock_user};

use super::PermissionSet;
use super::holders::{can_sign_in, held_in};

/// The operator's name in the audit log.
pub const COMMAND_LINE: &str = "command-line";

/// The actor of an action that may concern another user, and the client it comes from.
#[derive(Clone, Debug)]
pub struct Principal {
    /// As the audit log names the actor: a user's id, or [`COMMAND_LINE`]; empty during set-up.
    pub id: String,
    client: Client,
    kind: PrincipalKind,
}

#[derive(Clone, Debug)]
enum PrincipalKind {
    Operator,
    /// A signed-in user, with the session of the request.
    User(Box<SignedIn>),
    /// A user who requested the action earlier and does not act now.
    Absent,
}

impl Principal {
    /// Identifies the operator of a command.
    #[must_use]
    pub fn operator() -> Self {
        let client = Client::default();
        Self { id: COMMAND_LINE.to_owned(), client, kind: PrincipalKind::Operator }
    }

    /// Identifies the visitor who opened the link that creates the first administrator.
    #[must_use]
    pub fn set_up(client: &Client) -> Self {
        Self { id: String::new(), client: client.clone(), kind: PrincipalKind::Operator }
    }

    /// Identifies the signed-in user of a request.
    #[must_use]
    pub fn user(cx: &Context, user: &SignedIn) -> Self {
        let id = user.user_id.as_str().to_owned();
        Self { id, client: cx.client.clone(), kind: PrincipalKind::User(Box::new(user.clone())) }
    }

    /// Identifies the signed-in user. Fails if they confirmed their identity too long ago to act on others.
    pub async fn fresh(cx: &Context) -> Result<Self, Error> {
        let user = cx.user().await?;
        user.require_fresh(&cx.app)?;
        Ok(Self::user(cx, &user))
    }

    /// Identifies an earlier actor by the name in the audit log, for an action that takes effect now.
    #[must_use]
    pub fn absent(id: &str) -> Self {
        let kind = if id == COMMAND_LINE { PrincipalKind::Operator } else { PrincipalKind::Absent };
        Self { id: id.to_owned(), client: Client::default(), kind }
    }

    /// Locks the target user's row, after the actor's if the actor's id is smaller. Locking in the order of
    /// ids keeps two users who act on each other from blocking each other.
    pub async fn lock_target(&self, tx: &mut Tx, user_id: &UserId) -> Result<LockedUser, Error> {
        if let PrincipalKind::User(user) = &self.kind
            && user.user_id.as_str() < user_id.as_str()
        {
            lock_user(tx, &user.user_id).await?;
        }
        lock_user(tx, user_id).await.map_err(|error| match error {
            Error::Refused(AppError::Access(AccessProblem::Unauthenticated)) => {
                RequestProblem::NotFound.into()
            }
            error => error,
        })
    }

    /// Reads the actor's current permissions. Fails if the actor lacks the permission or the session has
    /// ended. Must be called after the transaction has taken its other locks; the permissions then stay
    /// unchanged until it ends.
    pub async fn authorize(
        &self,
        app: &App,
        tx: &mut Tx,
        permission: Permission,
    ) -> Result<Acting<'_>, Error> {
        let (actor, held) = match &self.kind {
            PrincipalKind::Operator => (Actor::Operator, PermissionSet::ALL),
            PrincipalKind::User(user) => {
                lock_signed_in(app, tx, user).await?;
                let held = held_in(tx, &user.user_id).await?;
                let is_own = user.impersonator.is_none();
                (if is_own { Actor::User(held.own) } else { Actor::Impersonator }, held)
            }
            PrincipalKind::Absent => {
                let user_id = UserId::from(self.id.clone());
                let is_enabled = can_sign_in(tx, &user_id, app.timekeeper.range().earliest).await?;
                let held = if is_enabled {
                    held_in(tx, &user_id).await?
                } else {
                    PermissionSet::default()
                };
                (Actor::User(held.own), held)
            }
        };
        if may(&actor, permission) {
            Ok(Acting { by: self, actor, held })
        } else {
            Err(self.refuse(AccessProblem::Forbidden).into())
        }
    }

    /// Logs the refusal (ASVS 5.0, 16.3.2).
    fn refuse(&self, error: impl Into<AppError>) -> AppError {
        let error = error.into();
        tracing::warn!(user_id = self.id, %error, address = self.client.ip_text, "access refused");
        error
    }
}

/// An actor, with the permissions that they have inside the transaction of the action.
#[derive(Debug)]
pub struct Acting<'a> {
    by: &'a Principal,
    actor: Actor,
    held: PermissionSet,
}

/// Records an event whose actor is the operator of a command.
pub async fn record_by_operator(app: &App, tx: &mut Tx, entry: Entry<'_>) -> Result<(), Error> {
    record(tx, &entry.by(COMMAND_LINE), &Client::default(), app.clock.now()).await
}

impl Acting<'_> {
    /// Fails if a user holds permissions that the actor lacks.
    pub fn require_reach(&self, target: Permissions) -> Result<(), AppError> {
        if may_reach(&self.actor, target) {
            Ok(())
        } else {
            Err(self.by.refuse(AdminProblem::TargetOutranksActor))
        }
    }

    /// Fails if a role holds permissions that the actor lacks, app permissions included.
    pub fn require_held(&self, target: &PermissionSet) -> Result<(), AppError> {
        if self.held.covers(target) {
            Ok(())
        } else {
            Err(self.by.refuse(AdminProblem::TargetOutranksActor))
        }
    }

    /// Records an event of this actor.
    pub async fn record(&self, app: &App, tx: &mut Tx, entry: Entry<'_>) -> Result<(), Error> {
        record(tx, &entry.by(&self.by.id), &self.by.client, app.clock.now()).await
    }
}
