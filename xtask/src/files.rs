//! Folders as maps from relative path to content.

use std::{collections::BTreeMap, io, path::Path};

use fs_err as fs;

use sha2::{Digest as _, Sha256};

use crate::Result;

/// Content by relative path with forward slashes, in a fixed order.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Reads all files in `folder`; none if it does not exist.
pub fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    read_into(folder, "", &mut files)?;
    Ok(files)
}

fn read_into(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| format!("{}: {error}", folder.display()))?,
    };
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_into(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// How many files `sync` wrote and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub written: usize,
    pub removed: usize,
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.written, self.removed) {
            (0, 0) => f.write_str("unchanged"),
            (written, removed) => write!(f, "{written} files written, {removed} removed"),
        }
    }
}

/// Makes `folder` hold exactly `files`. Leaves unchanged files alone, because modification times decide
/// whether cargo rebuilds the server.
pub fn sync(folder: &Path, files: &Files) -> Result<Changes> {
    let present = read(folder)?;
    let mut changes = Changes::default();
    for name in present.keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
        changes.removed += 1;
    }
    remove_empty_folders(folder)?;
    for (name, content) in files {
        if present.get(name) != Some(content) {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
            changes.written += 1;
        }
    }
    Ok(changes)
}

fn remove_empty_folders(folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            remove_empty_folders(&path)?;
            // Fails if the folder is not empty.
            let _ = fs::remove_dir(&path);
        }
    }
    Ok(())
}

/// Returns a name for these files: 16 hexadecimal digits over all names and contents.
#[must_use]
pub fn digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        // The lengths keep ("ab", "c") and ("a", "bc") apart.
        hash.update(name.len().to_le_bytes());
        hash.update(name);
        hash.update(content.len().to_le_bytes());
        hash.update(content);
    }
    let hash = hash.finalize();
    let first = hash.iter().take(8);
    format!("{:016x}", first.fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_stable() {
        let files = [("a.js", &b"one"[..]), ("b.wasm", &b"two"[..])];
        assert_eq!(digest(files), "2291e4ff7ee62050");
        assert_eq!(digest(files), digest(files));
    }

    #[test]
    fn the_digest_distinguishes_names_and_contents() {
        let of = |name: &'static str, content: &'static [u8]| digest([(name, content)]);
        let all = [of("ab", b"c"), of("a", b"bc"), of("abc", b""), of("ab", b"d")];
        for (i, one) in all.iter().enumerate() {
            assert_eq!(one.len(), 16);
            assert!(!all[..i].contains(one));
        }
    }

    #[test]
    fn a_folder_is_written_only_where_it_differs() {
        let folder = std::env::temp_dir().join(format!("xtask-files-{}", std::process::id()));
        let mut files =
            Files::from([("a.txt".into(), b"a".to_vec()), ("old/b.txt".into(), b"b".to_vec())]);
        assert_eq!(sync(&folder, &files).unwrap().written, 2);
        assert_eq!(sync(&folder, &files).unwrap(), Changes::default());

        files.remove("old/b.txt");
        files.insert("new/c.txt".into(), b"c".to_vec());
        let changes = sync(&folder, &files).unwrap();
        assert_eq!((changes.written, changes.removed), (1, 1));
        assert!(!folder.join("old").exists());
        assert_eq!(read(&folder).unwrap(), files);
        fs::remove_dir_all(&folder).unwrap();
    }
}
