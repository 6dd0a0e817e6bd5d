//! Completions and the manual: what is made of the same description as `--help`.

use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;
use crate::server::Error;
use crate::server::files::{self, AtomicFile, FileError, FileOperation};
use crate::server::out::{Out, display_path, write};

/// Prints completions for a shell.
pub fn complete(shell: Shell) -> Result<(), Error> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "portcullis", &mut text);
    write(&text).map(drop)
}

/// Writes the man pages into a folder.
pub fn write_pages(folder: &Path, out: Out) -> Result<(), Error> {
    files::create_folder(folder, 0o777)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    write_page(command, folder)?;
    out.done(&format!("Wrote the man pages into {}.", display_path(folder)))
}

/// Writes the page of a command and of all its subcommands.
fn write_page(command: Command, folder: &Path) -> Result<(), FileError> {
    for it in command.get_subcommands() {
        write_page(it.clone(), folder)?;
    }
    let page = Man::new(command);
    let path = folder.join(page.get_filename());
    let mut draft = AtomicFile::public(&path)?;
    page.render(&mut draft).map_err(FileError::at(&path, FileOperation::Written))?;
    draft.replace()
}
