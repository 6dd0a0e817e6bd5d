//! `portcullis provider`.

use clap::Subcommand;
use serde::Serialize;

use super::Outcome;
use crate::server::config::provider::{Row, missing_variables, presets};
use crate::server::out::Out;
use crate::server::{App, Error};
use crate::social::server::check_provider;

#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// List the configured providers and check whether each can be reached.
    List,
    /// List the built-in presets and what each needs.
    Presets,
    /// Check one provider: what to register there, whether it responds, its keys and its clock.
    Check {
        /// The NAME of its section [social.NAME].
        name: String,
    },
}

/// A preset as shown to operators.
#[derive(Debug, Serialize)]
struct PresetRow {
    name: &'static str,
    label: &'static str,
    protocol: &'static str,
    /// How a verified email address is obtained.
    email: &'static str,
    /// The settings that it needs besides the client's.
    needs: String,
}

fn preset_rows() -> Vec<PresetRow> {
    let row = |(name, row): (&'static String, &'static Row)| {
        let text = |key: &str| row.get(key).map_or("", String::as_str);
        PresetRow {
            name,
            label: text("label"),
            protocol: if text("authorize_url").is_empty() { "OpenID Connect" } else { "OAuth 2.0" },
            email: if text("email").is_empty() { "never" } else { text("email") },
            needs: missing_variables(row).collect::<Vec<_>>().join(" "),
        }
    };
    presets().iter().map(row).collect()
}

impl ProviderCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<Outcome, Error> {
        match self {
            Self::List => list(app, out).await.map(|()| Outcome::Success),
            Self::Presets => list_presets(out).map(|()| Outcome::Success),
            Self::Check { name } => check(app, &name, out).await,
        }
    }
}

/// Lists the presets, which needs neither settings nor a database.
pub fn list_presets(out: Out) -> Result<(), Error> {
    let heads = ["preset", "label", "protocol", "email", "needs"];
    out.list(&preset_rows(), heads, |it| {
        [it.name, it.label, it.protocol, it.email, &it.needs].map(str::to_owned)
    })
}

async fn check(app: &App, name: &str, out: Out) -> Result<Outcome, Error> {
    let checks = check_provider(app, name).await?;
    out.list(&checks, ["", "check", "result"], |it| {
        let state = if it.is_ok { "ok" } else { "error" };
        [state.to_owned(), it.what.to_owned(), it.about.clone()]
    })?;
    let is_ok = checks.iter().all(|it| it.is_ok);
    Ok(if is_ok { Outcome::Success } else { Outcome::CheckFailed })
}

async fn list(app: &App, out: Out) -> Result<(), Error> {
    let states = app.providers.states(app).await?;
    let heads = ["provider", "protocol", "issuer", "linked accounts", "callback", "state"];
    out.list(&states, heads, |it| {
        [
            it.name.clone(),
            it.protocol.to_owned(),
            it.issuer.clone(),
            it.linked.to_string(),
            it.callback.clone(),
            it.problem.clone().unwrap_or_else(|| "reachable".to_owned()),
        ]
    })
}
