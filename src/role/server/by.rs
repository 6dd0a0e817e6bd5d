//! Who acts, in domain functions that pages and commands share.
//!
//! A [`By`] only says who asks. What they may do is read by [`By::act`], inside the transaction that
//! acts and after its locks; only the [`Acting`] that it returns writes events, so no act can do
//! without.

use crate::audit::server::{Entry, record};
use crate::error::{AccessProblem, AppError, RequestProblem};
use crate::role::{ActProblem, Actor, Permission, Permissions, may, may_reach};
use crate::server::db::Tx;
use crate::server::{App, Client, Context, Error};
use crate::session::server::{SignedIn, lock_alive};
use crate::user::server::{Contact, UserId, find_contact};

use super::Held;
use super::holders::{held_in, is_let_in};

/// What the audit log calls whoever runs commands.
pub const COMMAND_LINE: &str = "command-line";

/// Who asks for an act on what may be somebody else's, and from where.
#[derive(Clone, Debug)]
pub struct By {
    /// As the audit log has it: a user's id, or [`COMMAND_LINE`].
    pub id: String,
    client: Client,
    asker: Asker,
}

#[derive(Clone, Debug)]
enum Asker {
    Operator,
    /// With the session in which they ask.
    User(Box<SignedIn>),
    /// A user who asked before, and does not act now.
    Absent,
}

impl By {
    /// Whoever runs a command.
    #[must_use]
    pub fn operator() -> Self {
        let client = Client::default();
        Self { id: COMMAND_LINE.to_owned(), client, asker: Asker::Operator }
    }

    /// Whoever opened the link that creates the first administrator.
    #[must_use]
    pub fn set_up(client: &Client) -> Self {
        Self { id: String::new(), client: client.clone(), asker: Asker::Operator }
    }

    /// Who is signed in, for a request.
    #[must_use]
    pub fn user(cx: &Context, user: &SignedIn) -> Self {
        let id = user.user_id.as_str().to_owned();
        Self { id, client: cx.client.clone(), asker: Asker::User(Box::new(user.clone())) }
    }

    /// Who is signed in, proven lately: whoever acts on others is asked again.
    pub async fn fresh(cx: &Context) -> Result<Self, Error> {
        let user = cx.user().await?;
        user.require_fresh(&cx.app)?;
        Ok(Self::user(cx, &user))
    }

    /// Somebody whom the audit log calls so, whose act takes effect now.
    #[must_use]
    pub fn earlier(id: &str) -> Self {
        let asker = if id == COMMAND_LINE { Asker::Operator } else { Asker::Absent };
        Self { id: id.to_owned(), client: Client::default(), asker }
    }

    /// Locks the rows of the user on whom this one acts and of this one. In the order of their ids,
    /// so that two who act on each other don't block each other.
    pub async fn lock_with(&self, tx: &mut Tx, user_id: &UserId) -> Result<Contact, Error> {
        if let Asker::User(user) = &self.asker
            && user.user_id.as_str() < user_id.as_str()
        {
            find_contact(tx, &user.user_id).await?;
        }
        find_contact(tx, user_id).await.map_err(|error| match error {
            Error::Refused(AppError::Access(AccessProblem::Unauthenticated)) => {
                RequestProblem::NotFound.into()
            }
            error => error,
        })
    }

    /// Reads what this one may do now, and refuses an act without the permission or whose session
    /// has ended. Called once the transaction holds its other locks; their rights then stay as they
    /// are until it ends.
    pub async fn act(
        &self,
        app: &App,
        tx: &mut Tx,
        permission: Permission,
    ) -> Result<Acting<'_>, Error> {
        let (actor, held) = match &self.asker {
            Asker::Operator => (Actor::Operator, Held::ALL),
            Asker::User(user) => {
                lock_alive(app, tx, user).await?;
                let held = held_in(tx, &user.user_id).await?;
                let is_own = user.impersonator.is_none();
                (if is_own { Actor::User(held.own) } else { Actor::Impersonator }, held)
            }
            Asker::Absent => {
                let user_id = UserId::from(self.id.clone());
                let is_in = is_let_in(tx, &user_id, app.timekeeper.range().earliest).await?;
                let held = if is_in { held_in(tx, &user_id).await? } else { Held::default() };
                (Actor::User(held.own), held)
            }
        };
        if may(&actor, permission) {
            Ok(Acting { by: self, actor, held })
        } else {
            Err(self.refuse(AccessProblem::Forbidden).into())
        }
    }

    /// ASVS 5.0, 16.3.2.
    fn refuse(&self, error: impl Into<AppError>) -> AppError {
        let error = error.into();
        tracing::warn!(user_id = self.id, %error, address = self.client.address, "access refused");
        error
    }
}

/// Who acts, with the rights that they have inside the transaction of the act.
#[derive(Debug)]
pub struct Acting<'a> {
    by: &'a By,
    actor: Actor,
    held: Held,
}

/// Writes an event of which whoever runs a command is the actor.
pub async fn note_operator(app: &App, tx: &mut Tx, entry: Entry<'_>) -> Result<(), Error> {
    record(tx, &entry.by(COMMAND_LINE), &Client::default(), app.clock.now()).await
}

impl Acting<'_> {
    /// Refused where a user holds what this one doesn't.
    pub fn require_reach(&self, theirs: Permissions) -> Result<(), AppError> {
        if may_reach(&self.actor, theirs) { Ok(()) } else { Err(self.by.refuse(ActProblem::Above)) }
    }

    /// Refused where a role holds what this one doesn't, permissions of apps included.
    pub fn require_held(&self, theirs: &Held) -> Result<(), AppError> {
        if self.held.covers(theirs) { Ok(()) } else { Err(self.by.refuse(ActProblem::Above)) }
    }

    /// Writes an event of which this is the actor.
    pub async fn note(&self, app: &App, tx: &mut Tx, entry: Entry<'_>) -> Result<(), Error> {
        record(tx, &entry.by(&self.by.id), &self.by.client, app.clock.now()).await
    }
}
