//! `portcullis session`.

use clap::Subcommand;

use crate::admin::server::manage;
use crate::cli::find::find;
use crate::proof::listed;
use crate::role::server::Principal;
use crate::server::config::ConfigError;
use crate::server::out::Out;
use crate::server::{App, Error};
use crate::session::server::list_of;
use crate::text::utc;
use crate::user::server::UserId;

#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List a user's sessions.
    List { user: String },
    /// End one session of a user, or all of them.
    End {
        /// An email address or an id.
        user: String,
        /// The id of a session, as printed by `session list`; all sessions by default.
        session: Option<String>,
    },
}

impl SessionCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<(), Error> {
        let by = Principal::operator();
        match self {
            Self::List { user } => list(app, out, &find(app, &user).await?).await,
            Self::End { user, session } => {
                let user_id = find(app, &user).await?;
                let Some(id) = session else {
                    manage::end_sessions(app, &by, &user_id).await?;
                    return out.done("Ended all sessions of the user.");
                };
                if !list_of(app, &user_id).await?.iter().any(|it| it.id == id) {
                    let refusal = format!("{user} has no session {id:?}");
                    return Err(ConfigError(refusal).into());
                }
                manage::end_session(app, &by, &user_id, &id).await?;
                out.done("Ended the session.")
            }
        }
    }
}

/// Prints the sessions of a user.
pub async fn list(app: &App, out: Out, user_id: &UserId) -> Result<(), Error> {
    let sessions = list_of(app, user_id).await?;
    let heads = ["id", "browser", "IP address", "signed in", "methods", "last seen"];
    out.list(&sessions, heads, |it| {
        [
            it.id.clone(),
            it.device().to_string(),
            it.address.clone(),
            utc(it.created_at),
            listed(&it.methods),
            utc(it.seen_at),
        ]
    })
}
