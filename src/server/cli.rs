//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::config::{Config, ConfigError, Raw, settings};
use super::{App, Db, Error, http, telemetry};
use crate::mail::server::outbox::{self, Listed};
use crate::mail::server::{Mail, Templates};
use crate::password::server::breached::{self, Built};
use crate::sign_up;
use crate::ui::utc;
use crate::user::Email;

/// Sign-in and accounts in one binary.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about)]
struct Cli {
    /// Read this file instead of portcullis.toml in this folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site; brings the database up to date first.
    Serve,
    /// Bring the database up to date and stop.
    Migrate,
    /// Look at the settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at mails and their outbox.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Passwords that attackers know.
    #[command(subcommand)]
    Breach(BreachCommand),
    /// Let an address sign up where not everybody may: mails a link and prints it.
    Invite { address: String },
}

#[derive(Debug, Subcommand)]
enum BreachCommand {
    /// Make a filter of a list: a password a line, or SHA-1 hashes with or without a count.
    Build {
        list: PathBuf,
        /// Where to write it; LIST.filter unless named.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum MailCommand {
    /// Print the newest mails of the outbox: what became of each.
    List {
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Print a mail as it would be sent, with made-up content; without a name, list the names.
    Preview {
        name: Option<String>,
        /// The HTML part instead of the text.
        #[arg(long)]
        html: bool,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum ConfigCommand {
    /// Check the settings and print them with their origin, secrets hidden.
    Check,
    /// Print a portcullis.toml with every setting at its default.
    Example,
}

/// Does what the command line says. A mistake is one line on standard error and status 1.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "this is the command line")]
            {
                eprintln!("portcullis: {}", error.chain());
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: &Cli) -> Result<(), Error> {
    if let Command::Config(ConfigCommand::Example) = cli.command {
        return print(&settings::example());
    }
    if let Command::Breach(BreachCommand::Build { list, output }) = &cli.command {
        return build_filter(list, output.as_deref());
    }
    let (config, raw) = Config::load(cli.config.as_deref())?;
    match &cli.command {
        Command::Config(_) | Command::Breach(_) => check(&raw),
        Command::Mail(MailCommand::Preview { name, html }) => {
            preview(&config, name.as_deref(), *html)
        }
        Command::Mail(MailCommand::List { limit }) => {
            let limit = i64::from(*limit);
            run_async(config, async move |config| {
                let db = Db::open(&config).await?;
                let mails = outbox::list(&db, limit).await?;
                db.close().await;
                print(&mails.iter().map(line).collect::<String>())
            })
        }
        Command::Invite { address } => {
            let email: Email = address.parse().map_err(|problem| {
                ConfigError(format!("{address:?} can't be invited: {problem}"))
            })?;
            run_async(config, async move |config| {
                let app = App::start(config).await?;
                let link = sign_up::server::invite(&app, &email).await?;
                app.db.close().await;
                print(&format!("{link}\n"))
            })
        }
        Command::Migrate => run_async(config, async |config| {
            Db::open(&config).await?.close().await;
            print("The database is up to date.\n")
        }),
        Command::Serve => run_async(config, async |config| {
            let app = App::start(config).await?;
            // Boxed, since it is large and runs once.
            Box::pin(http::serve::serve(app)).await
        }),
    }
}

fn build_filter(list: &Path, output: Option<&Path>) -> Result<(), Error> {
    let mut beside = list.to_owned();
    beside.as_mut_os_string().push(".filter");
    let output = output.unwrap_or(&beside);
    let Built { entries, octets, probes, trials, mistaken } = breached::build(list, output)?;
    print(&format!(
        "{}: {entries} passwords in {octets} octets, {probes} probes each.\n\
         Of {trials} words that are in no list it takes {mistaken} for one that is.\n",
        output.display()
    ))
}

/// One mail of the outbox on one line: when, what became of it, which, to whom, why not.
fn line(mail: &Listed) -> String {
    let state = match (mail.sent_at, mail.given_up_at, mail.tries) {
        (Some(at), ..) => format!("sent {}", utc(at)),
        (_, Some(at), _) => format!("given up {}", utc(at)),
        (_, _, 0) => "waiting".to_owned(),
        (_, _, tries) => format!("tried {tries} times, next {}", utc(mail.due_at)),
    };
    let Listed { created_at, name, recipient, problem, .. } = mail;
    let problem = if problem.is_empty() { String::new() } else { format!("  {problem}") };
    format!("{}  {state}  {name}  {recipient}{problem}\n", utc(*created_at))
}

fn preview(config: &Config, name: Option<&str>, html: bool) -> Result<(), Error> {
    let samples = Mail::samples(config.site.url.as_str());
    let names: Vec<_> = samples.iter().map(Mail::name).collect();
    let Some(name) = name else { return print(&(names.join("\n") + "\n")) };
    let mail = samples.iter().find(|it| it.name() == name).ok_or_else(|| {
        ConfigError(format!("there is no mail {name:?}; there are {}", names.join(", ")))
    })?;
    let message = Templates::open(&config.mail, &config.site)?.render(mail)?;
    if html {
        return print(&message.html);
    }
    print(&format!("Subject: {}\n\n{}", message.subject.as_str(), message.text))
}

fn check(raw: &Raw) -> Result<(), Error> {
    print(&raw.to_string())
}

fn run_async(
    config: Config,
    work: impl AsyncFnOnce(Config) -> Result<(), Error>,
) -> Result<(), Error> {
    telemetry::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(work(config))
}

/// Writes to standard output; a reader that went away is no mistake.
fn print(text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(ConfigError(format!("standard output can't be written: {error}")).into())
        }
        _ => Ok(()),
    }
}
