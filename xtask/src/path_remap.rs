//! Keeps the folders of this machine out of what browsers load: visitors must not see them.

use std::{env, path::PathBuf};

use fs_err as fs;

use crate::{Paths, Result};

/// A folder of this machine, and its replacement.
type Remap = (PathBuf, &'static str);

/// Returns the folders that the compiler would write into its output; if two match, it takes the last.
pub fn places(paths: &Paths) -> Result<Vec<Remap>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    let mut places = vec![(fs::canonicalize(&paths.root)?, "."), (home.clone(), "cargo")];
    for registry in fs::read_dir(home.join("registry/src")).into_iter().flatten() {
        places.push((registry?.path(), "crates"));
    }
    Ok(places)
}

/// Returns a cargo setting that hides them in a target's output, but not in what only the build runs.
#[must_use]
pub fn setting(target: &str, places: &[Remap]) -> String {
    let flags: Vec<_> = places
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect();
    format!("target.{target}.rustflags={flags:?}")
}

/// Fails if a file names one of them.
pub fn check(name: &str, content: &[u8], places: &[Remap]) -> Result<()> {
    for (place, _) in places {
        let place = place.as_os_str().as_encoded_bytes();
        if let Some(at) = content.windows(place.len()).position(|it| it == place) {
            let text: Vec<_> = content[at..].iter().take(200).copied().collect();
            let text = String::from_utf8_lossy(&text);
            let text = text.split(char::is_control).next().unwrap_or_default();
            return Err(format!("{name} contains a path of this machine: {text}").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Paths {
        Paths::find()
    }

    #[test]
    fn a_file_that_contains_a_local_path_is_refused() {
        let places = places(&here()).unwrap();
        for (place, _) in &places {
            let content = format!("\0asm {}/leptos/src/lib.rs\0 more", place.display());
            let error = check("a.wasm", content.as_bytes(), &places).unwrap_err().to_string();
            assert!(error.ends_with("/leptos/src/lib.rs"), "{error}");
        }
        assert!(check("a.wasm", b"\0asm crates/leptos/src/lib.rs", &places).is_ok());
        assert!(check("a.wasm", b"", &places).is_ok());
    }

    #[test]
    fn each_local_path_has_its_own_flag() {
        let places = [("/a b".into(), "."), ("/c".into(), "cargo")];
        assert_eq!(
            setting("wasm32", &places),
            "target.wasm32.rustflags=[\"--remap-path-prefix=/a b=.\", \"--remap-path-prefix=/c=cargo\"]"
        );
    }

    #[test]
    fn site_files_contain_no_local_paths() {
        let places = places(&here()).unwrap();
        let site = crate::files::read(&here().site).unwrap();
        if site.is_empty() {
            eprintln!("NOT RUN: target/site is empty");
        }
        for (name, content) in site {
            check(&name, &content, &places).unwrap();
        }
    }
}
