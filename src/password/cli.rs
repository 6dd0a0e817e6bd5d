//! `portcullis breach`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::server::breached::{self, Built};
use crate::server::Error;
use crate::server::cli::out::Out;

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
