//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::config::{Config, ConfigError, Raw, settings};
use super::{App, Db, Error, http, telemetry};

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
    let (config, raw) = Config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Config(_) => check(&raw),
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
