//! The server, which carries `target/site` inside.

use std::process::Command;

use crate::{NAME, Paths, Result};

pub fn build(paths: &Paths) -> Result<()> {
    let built =
        cargo(paths).args(["build", "--release", "--features", "ssr", "--bin", NAME]).status()?;
    if built.success() { Ok(()) } else { Err("the server does not build".into()) }
}

/// cargo as a user would call it: without what the cargo that runs this program says about
/// this program, which build scripts could take for changes.
pub(crate) fn cargo(paths: &Paths) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&paths.root).env("CARGO_TARGET_DIR", &paths.target);
    let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if own.iter().any(|prefix| text.starts_with(prefix)) || text == "LD_LIBRARY_PATH" {
            command.env_remove(&name);
        }
    }
    command
}
