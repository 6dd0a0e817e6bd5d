//! `portcullis user factors`.

use clap::Subcommand;
use serde_json::json;

use crate::admin::server::manage;
use crate::authenticator_app::server as apps;
use crate::cli::find::find;
use crate::passkey::server as passkeys;
use crate::recovery_code::server::count_unused;
use crate::role::server::Principal;
use crate::server::config::ConfigError;
use crate::server::out::{Out, utc_or_dash};
use crate::server::{App, Error};
use crate::text::utc;
use crate::user::server::UserId;

#[derive(Debug, Subcommand)]
pub enum FactorCommand {
    /// List a user's second factors.
    List { user: String },
    /// Remove a second factor that its owner lost, end their sessions and notify them by mail.
    Remove {
        user: String,
        /// The id of the second factor, as `user factors list` prints it.
        factor: String,
    },
}

impl FactorCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<(), Error> {
        match self {
            Self::List { user } => list(app, out, &find(app, &user).await?).await,
            Self::Remove { user, factor } => {
                let user_id = find(app, &user).await?;
                if !has_factor(app, &user_id, &factor).await? {
                    return Err(
                        ConfigError(format!("{user} has no second factor {factor:?}")).into()
                    );
                }
                manage::remove_factor(app, &Principal::operator(), &user_id, &factor).await?;
                out.done("Removed the second factor and ended all sessions of the user.")
            }
        }
    }
}

async fn has_factor(app: &App, user_id: &UserId, factor: &str) -> Result<bool, Error> {
    let mut tx = app.db.snapshot().await?;
    let is_app = apps::of_user_in(&mut tx, user_id).await?.iter().any(|it| it.id == factor);
    Ok(is_app || passkeys::of_user_in(&mut tx, user_id).await?.iter().any(|it| it.id == factor))
}

async fn list(app: &App, out: Out, user_id: &UserId) -> Result<(), Error> {
    let mut tx = app.db.snapshot().await?;
    let apps = apps::of_user_in(&mut tx, user_id).await?;
    let passkeys = passkeys::of_user_in(&mut tx, user_id).await?;
    let codes = count_unused(&mut tx, user_id).await?;
    let row = |kind, id, name, created_at: i64, used_at: Option<i64>| {
        json!({
            "id": id,
            "kind": kind,
            "name": name,
            "created_at": created_at,
            "used_at": used_at,
        })
    };
    let mut rows: Vec<_> = passkeys
        .into_iter()
        .map(|it| {
            let kind = if it.is_disabled { "passkey, disabled" } else { "passkey" };
            row(kind, it.id, it.name, it.created_at, it.used_at)
        })
        .collect();
    rows.extend(
        apps.into_iter()
            .map(|it| row("authenticator app", it.id, it.name, it.created_at, it.used_at)),
    );
    rows.extend(codes.map(
        |left| json!({ "id": "-", "kind": "recovery codes", "name": format!("{left} unused") }),
    ));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    out.list(&rows, ["id", "kind", "name", "added", "last used"], |it| {
        [
            text(&it["id"]),
            text(&it["kind"]),
            text(&it["name"]),
            it["created_at"].as_i64().map_or_else(|| "-".to_owned(), utc),
            utc_or_dash(it["used_at"].as_i64()),
        ]
    })
}
