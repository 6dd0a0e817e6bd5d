//! Builds the server, which embeds `target/site`.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::SystemTime,
};

use fs_err as fs;

use crate::{NAME, Paths, Result};

pub fn build(paths: &Paths) -> Result<()> {
    if command(paths).status()?.success() {
        Ok(())
    } else {
        Err("building the server failed".into())
    }
}

fn command(paths: &Paths) -> Command {
    let mut command = cargo(paths);
    command.args(["build", "--release", "--features", "ssr", "--bin", NAME]);
    command
}

/// A first build of the server, in parallel with the browser half's: its dependencies are most of the work
/// and need no site. Its build script waits until the site is ready.
#[derive(Debug)]
pub struct ParallelBuild {
    build: Child,
    marker: PathBuf,
    began: SystemTime,
}

impl ParallelBuild {
    /// Starts the build if the server was never built. Later builds have little to do, and cargo would take
    /// the previous site for the new one.
    pub fn start(paths: &Paths) -> Result<Option<Self>> {
        if paths.target.join("release").join(NAME).exists() {
            return Ok(None);
        }
        fs::create_dir_all(&paths.work)?;
        let marker = paths.work.join("site.ready");
        let _ = fs::remove_file(&marker);
        #[expect(clippy::disallowed_methods, reason = "for the times of files")]
        let began = SystemTime::now();
        // One job only waits, so there is one more.
        let jobs = thread::available_parallelism().map_or(2, |cores| cores.get() + 1);
        let build = command(paths)
            .arg(format!("--jobs={jobs}"))
            .env("PORTCULLIS_AWAIT_SITE", &marker)
            .spawn()?;
        Ok(Some(Self { build, marker, began }))
    }

    /// Lets the build continue, or ends it if there will be no site.
    pub fn finish(mut self, paths: &Paths, has_site: bool) -> Result<()> {
        if has_site {
            // Cargo considers files newer than the start of the build script changed.
            set_time(&paths.site, self.began)?;
            fs::write(&self.marker, "ready")?;
        }
        let has_built = has_site && self.build.wait()?.success();
        if has_built || !has_site { Ok(()) } else { Err("building the server failed".into()) }
    }
}

impl Drop for ParallelBuild {
    /// Ends the build script's wait if the site will not come.
    fn drop(&mut self) {
        if !self.marker.exists() {
            let _ = fs::write(&self.marker, "none");
        }
        let _ = self.build.wait();
    }
}

/// Sets the modification time of a folder and everything in it.
fn set_time(path: &Path, time: SystemTime) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            set_time(&entry?.path(), time)?;
        }
    }
    Ok(fs::File::open(path)?.set_modified(time)?)
}

/// Returns cargo as a user would call it: without variables that the cargo running this program sets for it,
/// which build scripts could take for changes.
pub(crate) fn cargo(paths: &Paths) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&paths.root).env("CARGO_TARGET_DIR", &paths.target);
    let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    #[expect(clippy::disallowed_methods, reason = "this is no part of the application")]
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if own.iter().any(|prefix| text.starts_with(prefix)) || text == "LD_LIBRARY_PATH" {
            command.env_remove(&name);
        }
    }
    command
}
