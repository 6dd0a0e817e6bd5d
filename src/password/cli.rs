//! `portcullis breach`, and how commands come by a password.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::server::breached::{self, Built};
use crate::secret::Secret;
use crate::server::Error;
use crate::server::cli::out::Out;
use crate::server::config::ConfigError;

#[derive(Debug, Subcommand)]
pub enum BreachCommand {
    /// Make a filter of a list: a password a line, or SHA-1 hashes with or without a count.
    Build {
        list: PathBuf,
        /// Where to write it; LIST.filter unless named.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

impl BreachCommand {
    /// Needs no records and no settings.
    pub fn run(&self, out: Out) -> Result<(), Error> {
        let Self::Build { list, output } = self;
        let mut beside = list.clone();
        beside.as_mut_os_string().push(".filter");
        let output = output.as_ref().unwrap_or(&beside);
        let Built { entries, octets, probes, trials, mistaken } = breached::build(list, output)?;
        let built = json!({
            "file": output, "passwords": entries, "octets": octets, "probes": probes,
            "trials": trials, "mistaken": mistaken,
        });
        out.one(&built, |_| {
            format!(
                "{}: {entries} passwords in {octets} octets, {probes} probes each.\n\
                 Of {trials} words that are in no list it takes {mistaken} for one that is.\n",
                output.display()
            )
        })
    }
}

/// Never an argument: those are seen by all who may list processes.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub struct PasswordSource {
    /// Ask for a password at the terminal.
    #[arg(long)]
    password: bool,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// The password; none where none was promised.
    pub fn read(self) -> Result<Option<Secret>, Error> {
        let unreadable =
            |error: std::io::Error| ConfigError(format!("the password can't be read: {error}"));
        if self.password {
            let alone = |error: std::io::Error| {
                ConfigError(format!(
                    "there is no terminal to ask for a password at ({error}); --password-stdin reads it \
                     from standard input"
                ))
            };
            let first = rpassword::prompt_password("Password: ").map_err(alone)?;
            let again = rpassword::prompt_password("Again: ").map_err(alone)?;
            if first != again {
                return Err(ConfigError("the two passwords differ".to_owned()).into());
            }
            return Ok(Some(first.into()));
        }
        if self.password_stdin {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map_err(unreadable)?;
            return Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned().into()));
        }
        Ok(None)
    }
}
