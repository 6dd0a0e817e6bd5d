//! `portcullis breach`, and how commands come by a password.

use std::io::BufRead;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::password::server::breached::{self, BuildReport};
use crate::secret::Secret;
use crate::server::Error;
use crate::server::config::ConfigError;
use crate::server::out::{Out, display_path};
use crate::text::without_bom;

#[derive(Debug, Subcommand)]
pub enum BreachCommand {
    /// Build a filter from a list: one password, or one SHA-1 hash with or without a count, on each line.
    Build {
        list: PathBuf,
        /// The file to write; LIST.filter by default.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

impl BreachCommand {
    /// Needs no database and no settings.
    pub fn run(&self, out: Out) -> Result<(), Error> {
        let Self::Build { list, output } = self;
        let mut beside = list.clone();
        beside.as_mut_os_string().push(".filter");
        let output = output.as_ref().unwrap_or(&beside);
        let BuildReport { entries, bytes, probes, trials, false_positives } =
            breached::build(list, output)?;
        let built = json!({
            "file": output, "passwords": entries, "octets": bytes, "probes": probes,
            "trials": trials, "mistaken": false_positives,
        });
        out.value(&built, |_| {
            format!(
                "{}: {entries} passwords in {bytes} bytes, {probes} probes each.\n\
                 False positives: {false_positives} of {trials} words that are not in the list.\n",
                display_path(output)
            )
        })
    }
}

/// Never an argument: every user of the machine can list arguments.
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
    /// Reads the password; none if no option asks for one.
    pub fn read(self) -> Result<Option<Secret>, Error> {
        let unreadable =
            |error: std::io::Error| ConfigError(format!("the password can't be read: {error}"));
        if self.password {
            let no_terminal = |error: std::io::Error| {
                ConfigError(format!(
                    "there is no terminal to ask for the password ({error}); use --password-stdin to \
                     read it from standard input"
                ))
            };
            let first = rpassword::prompt_password("Password: ").map_err(no_terminal)?;
            let again = rpassword::prompt_password("Repeat password: ").map_err(no_terminal)?;
            if first != again {
                return Err(ConfigError("the two passwords differ".to_owned()).into());
            }
            return Ok(Some(first.into()));
        }
        if self.password_stdin {
            return Ok(Some(first_line(std::io::stdin().lock()).map_err(unreadable)?));
        }
        Ok(None)
    }
}

/// Strips the line end that editors and shells add.
fn first_line(mut input: impl BufRead) -> std::io::Result<Secret> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(without_bom(&line).trim_end_matches(['\r', '\n']).to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_without_bom_and_line_ending() {
        for input in ["a b ", "a b \n", "a b \r\nsecond", "\u{feff}a b \r\n", "\u{feff}a b "] {
            assert_eq!(first_line(input.as_bytes()).unwrap().expose(), "a b ", "{input:?}");
        }
        assert!(first_line(&b"\xff\xfea\0"[..]).is_err(), "UTF-16 is refused, not guessed");
    }
}
