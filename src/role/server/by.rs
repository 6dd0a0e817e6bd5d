//! Who acts, in domain functions that pages and commands share.

use crate::audit::server::{Entry, record};
use crate::error::AppError;
use crate::role::{Actor, Permission, Permissions, may, may_reach};
use crate::server::db::Tx;
use crate::server::{App, Client, Context, Error};
use crate::session::server::SignedIn;
use crate::user::server::UserId;

use super::holders::{is_let_in, permissions_of};

/// What the audit log calls whoever runs commands.
pub const COMMAND_LINE: &str = "command-line";

/// Who acts, on what may be somebody else's, and from where.
#[derive(Clone, Debug)]
pub struct By {
    pub actor: Actor,
    /// As the audit log has it: a user's id, or [`COMMAND_LINE`].
    pub id: String,
    pub client: Client,
}

impl By {
    /// Whoever runs a command.
    #[must_use]
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, id: COMMAND_LINE.to_owned(), client: Client::default() }
    }

    /// Who is signed in, for a request.
    #[must_use]
    pub fn user(cx: &Context, user: &SignedIn) -> Self {
        let (actor, id) = (user.actor(), user.user_id.as_str().to_owned());
        Self { actor, id, client: cx.client.clone() }
    }

    /// Who is signed in, proven lately: whoever acts on others is asked again.
    pub async fn fresh(cx: &Context) -> Result<Self, Error> {
        let user = cx.user().await?;
        user.require_fresh(&cx.app)?;
        Ok(Self::user(cx, &user))
    }

    /// Somebody whom the audit log calls so, as they are now: an operator, or a user with what their
    /// roles hold; one who is kept out or gone may nothing.
    pub async fn again(app: &App, tx: &mut Tx, id: &str) -> Result<Self, Error> {
        let actor = match id {
            COMMAND_LINE => Actor::Operator,
            id => {
                let user_id = UserId::from(id.to_owned());
                let is_in = is_let_in(tx, &user_id, app.clock.now()).await?;
                let held = permissions_of(tx, &user_id).await?;
                Actor::User(if is_in { held } else { Permissions::NONE })
            }
        };
        Ok(Self { actor, id: id.to_owned(), client: Client::default() })
    }

    /// Refused where this one, who could when the request came, may not any more.
    pub async fn require_still(
        &self,
        app: &App,
        tx: &mut Tx,
        permission: Permission,
    ) -> Result<(), Error> {
        self.require(permission)?;
        match self.actor {
            Actor::User(_) => Ok(Self::again(app, tx, &self.id).await?.require(permission)?),
            Actor::Operator | Actor::Impersonator => Ok(()),
        }
    }

    pub fn require(&self, permission: Permission) -> Result<(), AppError> {
        if may(&self.actor, permission) { Ok(()) } else { Err(self.refuse(AppError::Forbidden)) }
    }

    /// Refused where a user or a role holds what this one doesn't.
    pub fn require_reach(&self, theirs: Permissions) -> Result<(), AppError> {
        if may_reach(&self.actor, theirs) { Ok(()) } else { Err(self.refuse(AppError::Above)) }
    }

    /// ASVS 5.0, 16.3.2.
    fn refuse(&self, error: AppError) -> AppError {
        tracing::warn!(user_id = self.id, %error, address = self.client.address, "access refused");
        error
    }

    /// Writes an event of which this is the actor.
    pub async fn note(&self, app: &App, tx: &mut Tx, entry: Entry<'_>) -> Result<(), Error> {
        record(tx, &entry.by(&self.id), &self.client, app.clock.now()).await
    }
}
