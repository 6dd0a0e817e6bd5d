//! `portcullis mail`.

use clap::Subcommand;
use serde_json::json;

use crate::mail::server::outbox::{self, ListedMail};
use crate::mail::server::{Mail, Templates};
use crate::server::config::{Config, ConfigError};
use crate::server::out::Out;
use crate::server::{App, Error};
use crate::text::utc;

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Print the newest mails of the outbox and their state.
    List {
        /// The maximum number of mails.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Print a mail with sample content; without NAME, list the names.
    Preview {
        name: Option<String>,
        /// Print the HTML part instead of the text.
        #[arg(long)]
        html: bool,
    },
}

impl MailCommand {
    /// Runs the commands that need the database.
    pub async fn run(self, app: &App, out: Out) -> Result<(), Error> {
        match self {
            Self::List { limit } => {
                let mails = outbox::list(&app.db, "", i64::from(limit)).await?;
                out.list(&mails, ["queued", "state", "mail", "recipient", "problem"], |it| {
                    let ListedMail { created_at, name, recipient, problem, .. } = it;
                    [utc(*created_at), it.state(), name.clone(), recipient.clone(), problem.clone()]
                })
            }
            Self::Preview { name, html } => preview(&app.config, out, name.as_deref(), html),
        }
    }
}

/// Needs no database.
pub fn preview(config: &Config, out: Out, name: Option<&str>, html: bool) -> Result<(), Error> {
    let samples = Mail::samples(config.site.url.as_str());
    let names: Vec<_> = samples.iter().map(Mail::name).collect();
    let Some(name) = name else { return out.value(&names, |it| it.join("\n") + "\n") };
    let mail = samples.iter().find(|it| it.name() == name).ok_or_else(|| {
        ConfigError(format!("there is no mail {name:?}; choose one of {}", names.join(", ")))
    })?;
    let message = Templates::open(&config.mail, &config.site)?.render(mail)?;
    let (subject, text) = (message.subject.as_str(), &message.text);
    let value = json!({ "subject": subject, "text": text, "html": message.html });
    out.value(&value, |_| {
        if html { message.html.clone() } else { format!("Subject: {subject}\n\n{text}") }
    })
}
