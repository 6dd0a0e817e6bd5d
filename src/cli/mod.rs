//! The command line. The commands of a feature are in the file of its name.

mod audit;
mod commands;
mod doctor;
mod factor;
mod find;
mod mail;
mod manual;
mod password;
mod records;
mod role;
mod session;
mod social;
mod user;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::audit::server::chain;
use crate::error::{AppError, RequestProblem};
use crate::role::RoleProblem;
use crate::server::config::{Config, RawConfig, settings};
use crate::server::out::{Out, print, sanitize};
use crate::server::seal::Seal;
use crate::server::{App, Db, Error, files, telemetry};
use crate::site;
use crate::ticket::TicketProblem;
use audit::AuditCommand;
use mail::MailCommand;
use password::BreachCommand;
use records::{Destination, KeyCommand};
use role::{RoleCommand, permissions};
use session::SessionCommand;
use social::{ProviderCommand, list_presets};
use user::UserCommand;

pub use commands::COMMANDS;

/// Sign-in and accounts in one binary.
///
/// Reads settings from portcullis.toml in this folder and from environment variables; `config example`
/// prints all of them.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// Read this file instead of portcullis.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  not done; standard error says why in one line
  2  the arguments are wrong
  3  `audit verify` or `doctor` found a problem";

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database, then serve the site.
    ///
    /// With an empty database, prints a link that creates the first administrator.
    Serve,
    /// Migrate the database and exit.
    Migrate,
    /// Check settings, database, keys, audit log, mail and providers.
    Doctor,
    /// Check and print settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Create, find and change users.
    #[command(subcommand)]
    User(UserCommand),
    /// Create, change and remove roles.
    #[command(subcommand)]
    Role(RoleCommand),
    /// List and end sessions.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Read, verify and export the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show the outbox and preview mails.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Confirm this machine's clock, which decides when old records are deleted.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Check providers.
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Build filters of breached passwords.
    #[command(subcommand)]
    Breach(BreachCommand),
    /// Rotate the key that encrypts cookies, pending sign-ins and queued mails.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Write all records, as of one moment, into a file, while servers keep running.
    ///
    /// The file contains secrets and personal data, but not the key: keep both, in different places.
    Backup { file: PathBuf },
    /// Read all records from a backup, into SQLite or PostgreSQL.
    ///
    /// Stop all servers first. Nothing changes unless the file is complete and every row reads back
    /// as it was written.
    Restore {
        file: PathBuf,
        /// Delete existing records first.
        #[arg(long)]
        replace: bool,
    },
    /// Copy all records to another database: from SQLite to PostgreSQL, or back.
    ///
    /// Stop all servers first. Each row is compared; the current database doesn't change.
    Move {
        #[command(flatten)]
        to: Destination,
        /// Delete existing records first.
        #[arg(long)]
        replace: bool,
    },
    /// Print completions for a shell.
    Completions { shell: Shell },
    /// Write man pages into a folder.
    Man {
        /// Created if it doesn't exist.
        folder: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum ConfigCommand {
    /// Check the settings and print each with its origin; secrets are hidden.
    Check,
    /// Print a portcullis.toml with every setting at its default.
    Example,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum ClockCommand {
    /// Confirm that the clock is right after the site was off for a while.
    ///
    /// Otherwise a server whose clock is far from the newest recorded time deletes only what is old
    /// by both, until it has run for as long as they differ, at most one day.
    Confirm,
}

/// The default of `log.filter`.
const DEFAULT_FILTER: &str = "info";

/// The result of a command that ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Success,
    /// The command checked something and found a problem.
    CheckFailed,
}

/// Runs the command line. An error is one line on standard error.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report_parse_error(&error),
    };
    if let Command::Move { to, .. } = &cli.command
        && let Err(error) = to.check()
    {
        return report_parse_error(&error);
    }
    match dispatch(cli) {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::CheckFailed) => ExitCode::from(3),
        Err(error) => {
            print_to_stderr(&error_message(&error));
            match error {
                // A taken name is not an error in the arguments.
                Error::Refused(AppError::Invalid(it))
                    if it.role != Some(RoleProblem::NameTaken) =>
                {
                    ExitCode::from(2)
                }
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Prints help, or the error in the arguments as one line.
fn report_parse_error(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match print(&error.render().to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                print_to_stderr(&error_message(&error));
                ExitCode::FAILURE
            }
        };
    }
    let text = error.render().to_string();
    let line = text.split("\n\nUsage:").next().unwrap_or(&text);
    let line = line.split("\n\nFor more information").next().unwrap_or(line);
    let line = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing".to_owned(),
        _ => line.split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let line = line.trim_start_matches("error: ");
    print_to_stderr(&format!("{}; try --help", without_urls(line)));
    ExitCode::from(2)
}

/// Removes URLs, which may contain a password.
fn without_urls(line: &str) -> String {
    let is_end = |it: char| it.is_whitespace() || it == '\'' || it == '"';
    line.split_inclusive(is_end)
        .map(|it| match it.trim_end_matches(is_end) {
            word if word.contains("://") => it.replace(word, "(a URL)"),
            _ => it.to_owned(),
        })
        .collect()
}

/// If standard error is closed, the exit code must do. The text may quote arguments and settings.
fn print_to_stderr(line: &str) {
    let _ = writeln!(std::io::stderr(), "portcullis: {}", sanitize(line));
}

/// Formats an error for the command line: a refusal without the log's prefix.
fn error_message(error: &Error) -> String {
    match error {
        Error::Refused(AppError::Request(RequestProblem::NotFound)) => {
            "nothing with this name exists".to_owned()
        }
        Error::Refused(AppError::Ticket(TicketProblem::EmailTaken)) => {
            "another user already has this email address".to_owned()
        }
        Error::Refused(AppError::Invalid(problems)) => problems.to_string(),
        Error::Refused(refusal) => refusal.to_string(),
        error => error.chain(),
    }
}

/// Runs a command that needs no settings; `None` if it does.
fn run_without_settings(command: &Command, out: Out) -> Option<Result<(), Error>> {
    Some(match command {
        Command::Config(ConfigCommand::Example) => print(&settings::example()),
        Command::Breach(command) => command.run(out),
        Command::Role(RoleCommand::Permissions) => permissions(out),
        Command::Provider(ProviderCommand::Presets) => list_presets(out),
        Command::Completions { shell } => manual::complete(*shell),
        Command::Man { folder } => manual::write_pages(folder, out),
        _ => return None,
    })
}

fn dispatch(cli: Cli) -> Result<Outcome, Error> {
    let out = Out { json: cli.json };
    if let Some(done) = run_without_settings(&cli.command, out) {
        return done.map(|()| Outcome::Success);
    }
    if let Command::Restore { file, .. } = &cli.command {
        // A missing backup must not leave a new database behind.
        drop(files::open(file)?);
    }
    let (mut config, raw) = Config::load(cli.config.as_deref())?;
    if !matches!(cli.command, Command::Serve) && config.log.filter == DEFAULT_FILTER {
        // The command prints its own result, so only warnings are logged.
        "warn".clone_into(&mut config.log.filter);
    }
    match cli.command {
        Command::Config(_) => check(&config, &raw, out).map(|()| Outcome::Success),
        Command::Mail(MailCommand::Preview { name, html }) => {
            crate::cli::mail::preview(&config, out, name.as_deref(), html)
                .map(|()| Outcome::Success)
        }
        Command::Migrate => run_async(config, async |config| {
            Seal::open_or_create(&config.site)?;
            Box::pin(Db::open(&config)).await?.close().await;
            out.done("The database is up to date.").map(|()| Outcome::Success)
        }),
        Command::Doctor => {
            run_async(config, async |config| Box::pin(doctor::run(config, out)).await)
        }
        Command::Serve => run_async(config, async |config| {
            // That setting would hide this warning from the log.
            for it in config.weaknesses().iter().filter(|it| it.key == "log.filter") {
                print_to_stderr(&format!("warning: {it}"));
            }
            let app = site::start(config).await?;
            // Boxed, since it is large and runs once.
            Box::pin(site::serve::serve(app)).await.map(|()| Outcome::Success)
        }),
        command => run_async(config, async move |config| {
            if !matches!(command, Command::Restore { .. }) {
                // In a wrong folder, the command would create an empty database.
                Box::pin(Db::must_exist(&config)).await?;
                Seal::must_exist(&config.site)?;
            }
            let app = site::start(config).await?;
            let ended = Box::pin(run_command(&app, command, out)).await;
            // Seals the command's own events before it ends.
            let ended = match (ended, chain::seal(&app).await) {
                (Ok(_), Err(error)) => Err(error),
                (ended, _) => ended,
            };
            app.db.close().await;
            ended.map_err(|it| app.db.add_location(it))
        }),
    }
}

/// Runs a command that needs the database.
async fn run_command(app: &Arc<App>, command: Command, out: Out) -> Result<Outcome, Error> {
    match command {
        Command::User(command) => Box::pin(command.run(app, out)).await,
        Command::Role(command) => command.run(app, out).await,
        Command::Session(command) => command.run(app, out).await,
        Command::Audit(command) => return command.run(app, out).await,
        Command::Mail(command) => command.run(app, out).await,
        Command::Provider(command) => return command.run(app, out).await,
        Command::Key(command) => command.run(app, out).await,
        Command::Clock(ClockCommand::Confirm) => records::confirm_clock(app, out).await,
        Command::Backup { file } => records::back_up(app, out, &file).await,
        Command::Restore { file, replace } => {
            Box::pin(records::restore(app, out, &file, replace)).await
        }
        Command::Move { to, replace } => Box::pin(records::move_to(app, out, to, replace)).await,
        Command::Serve
        | Command::Migrate
        | Command::Doctor
        | Command::Config(_)
        | Command::Breach(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Ok(()),
    }
    .map(|()| Outcome::Success)
}

fn check(config: &Config, raw: &RawConfig, out: Out) -> Result<(), Error> {
    for it in config.weaknesses().into_iter().chain(config.shortfalls()) {
        print_to_stderr(&format!("warning: {it}"));
    }
    let rows: serde_json::Map<_, _> = raw
        .rows()
        .map(|(key, (value, origin))| {
            (key, serde_json::json!({ "value": value, "origin": origin.to_string() }))
        })
        .collect();
    out.value(&rows, |_| raw.to_string())
}

fn run_async(
    config: Config,
    work: impl AsyncFnOnce(Config) -> Result<Outcome, Error>,
) -> Result<Outcome, Error> {
    telemetry::start(&config.log)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build().map_err(Error::Threads)?;
    let ended = runtime.block_on(work(config));
    // Interrupted tasks are not waited for.
    runtime.shutdown_background();
    ended
}
