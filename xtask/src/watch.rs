//! `cargo xtask watch`: development builds of both halves, rebuilt at every change.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant, SystemTime},
};

use fs_err as fs;

use crate::{NAME, Paths, Result, browser, server::cargo, site};

/// What a build depends on, relative to the root.
const WATCHED: [&str; 7] =
    ["src", "style", "public", "migrations", "Cargo.toml", "Cargo.lock", "build.rs"];

/// The polling interval. Editors write files one after another.
const INTERVAL: Duration = Duration::from_millis(300);

/// Every watched file and its modification time.
type Snapshot = BTreeMap<PathBuf, SystemTime>;

/// Builds and serves, again after every change, until interrupted. If a build fails, the previous server
/// keeps running.
pub fn run(paths: &Paths) -> Result<()> {
    let mut running = None;
    loop {
        let seen = snapshot(paths)?;
        let started = Instant::now();
        match build(paths) {
            Ok(()) => {
                restart(&mut running, paths)?;
                eprintln!("built and started in {:.1} s", started.elapsed().as_secs_f32());
            }
            Err(error) => eprintln!("{error}"),
        }
        while snapshot(paths)? == seen {
            pause();
        }
    }
}

/// Builds both halves in parallel: each keeps a core busy.
fn build(paths: &Paths) -> Result<()> {
    let mut server = cargo(paths).args(["build", "--features", "ssr", "--bin", NAME]).spawn()?;
    let browser = browser::build_dev(paths).and_then(|()| site::lay_out_dev(paths));
    if !server.wait()?.success() {
        return Err("building the server failed".into());
    }
    browser.map(|_| ())
}

fn restart(running: &mut Option<Child>, paths: &Paths) -> Result<()> {
    if let Some(mut before) = running.take() {
        before.kill()?;
        before.wait()?;
    }
    let program = paths.target.join("debug").join(NAME);
    *running = Some(Command::new(program).arg("serve").current_dir(&paths.root).spawn()?);
    Ok(())
}

fn snapshot(paths: &Paths) -> Result<Snapshot> {
    let mut files = Snapshot::new();
    for name in WATCHED {
        collect_times(&paths.root.join(name), &mut files)?;
    }
    Ok(files)
}

fn collect_times(path: &Path, files: &mut Snapshot) -> Result<()> {
    // An editor may remove a file after its folder was listed.
    let Ok(about) = fs::metadata(path) else { return Ok(()) };
    if about.is_dir() {
        for entry in fs::read_dir(path)? {
            collect_times(&entry?.path(), files)?;
        }
    } else {
        files.insert(path.to_owned(), about.modified()?);
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn pause() {
    thread::sleep(INTERVAL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_an_addition_and_a_removal_are_seen() {
        let root = std::env::temp_dir().join(format!("watch-{}", std::process::id()));
        fs::create_dir_all(root.join("src/feature")).unwrap();
        let paths = Paths::in_root(root.clone());
        let file = root.join("src/feature/page.rs");
        let empty = snapshot(&paths).unwrap();
        fs::write(&file, "1").unwrap();
        let added = snapshot(&paths).unwrap();
        let later = added[&file] + Duration::from_secs(1);
        fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        let changed = snapshot(&paths).unwrap();
        fs::remove_file(&file).unwrap();
        let removed = snapshot(&paths).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_ne!(empty, added);
        assert_ne!(added, changed);
        assert_eq!(empty, removed);
    }
}
