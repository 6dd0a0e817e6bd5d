//! `portcullis provider`.

use clap::Subcommand;

use crate::server::out::Out;
use crate::server::{App, Error};

#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// List the configured providers and check whether each can be reached.
    List,
}

impl ProviderCommand {
    pub async fn run(self, app: &App, out: Out) -> Result<(), Error> {
        let Self::List = self;
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
}
