//! File system access. An error names the path and the operation. A new or replaced file appears whole or not
//! at all, and is never written through a symbolic link.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use tempfile::NamedTempFile;

use super::error::chain;

/// The operation on a path that failed; completes "PATH can't be …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOperation {
    Read,
    Written,
    Created,
    Locked,
}

impl fmt::Display for FileOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Written => "written",
            Self::Created => "created",
            Self::Locked => "locked",
        })
    }
}

/// A file system error. It always names a path.
#[derive(Debug, thiserror::Error)]
#[error("{} can't be {operation}", path.display())]
pub struct FileError {
    path: PathBuf,
    operation: FileOperation,
    source: io::Error,
}

impl FileError {
    /// Adds the path and the operation to an error of the system.
    pub fn at(path: &Path, operation: FileOperation) -> impl Fn(io::Error) -> Self {
        move |source| Self { path: path.to_owned(), operation, source }
    }

    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.source.kind()
    }

    /// Returns the error and its cause on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        if self.source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            return format!("{self}: it is a symbolic link");
        }
        match self.kind() {
            ErrorKind::AlreadyExists => format!("{self}: it already exists"),
            _ => chain(self),
        }
    }
}

pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(FileError::at(path, FileOperation::Read))
}

pub fn read_to_string(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(FileError::at(path, FileOperation::Read))
}

/// Opens a file for reading.
pub fn open(path: &Path) -> Result<File, FileError> {
    File::open(path).map_err(FileError::at(path, FileOperation::Read))
}

/// Returns the length of a file in bytes.
pub fn length(path: &Path) -> Result<u64, FileError> {
    std::fs::metadata(path).map(|it| it.len()).map_err(FileError::at(path, FileOperation::Read))
}

/// Returns the length of a file in bytes, or `None` if there is no such file.
pub fn length_if_exists(path: &Path) -> Result<Option<u64>, FileError> {
    match length(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Lists the paths in a folder.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = std::fs::read_dir(folder)
        .and_then(|all| all.map(|it| it.map(|it| it.path())).collect::<io::Result<Vec<_>>>());
    entries.map_err(FileError::at(folder, FileOperation::Read))
}

/// Creates a folder and its missing parents; with `0o700` only this user may enter it.
pub fn create_folder(path: &Path, mode: u32) -> Result<(), FileError> {
    let created = DirBuilder::new().recursive(true).mode(mode).create(path);
    created.map_err(FileError::at(path, FileOperation::Created))
}

/// Creates an empty file that only this user may read; fails if it exists.
pub fn create_private(path: &Path) -> Result<(), FileError> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.map(drop).map_err(FileError::at(path, FileOperation::Created))
}

/// Resolves the symbolic links in a path, even if the file does not exist yet.
#[must_use]
pub fn resolved(path: &Path) -> PathBuf {
    let beside = || {
        let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
        Some(folder.join(path.file_name()?))
    };
    std::fs::canonicalize(path).ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

/// Returns whether a path is a dangling symbolic link.
#[must_use]
pub fn is_dangling_link(path: &Path) -> bool {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
    is_link && std::fs::metadata(path).is_err()
}

/// Returns how many names a file has, not counting symbolic links; 0 if there is no file.
#[must_use]
pub fn hard_link_count(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |it| it.nlink())
}

/// Returns whether two paths lead to one file, by any names; false if either leads nowhere.
#[must_use]
pub fn is_same(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| std::fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
    id(one).is_some_and(|it| id(other) == Some(it))
}

/// Fails if anything is at the path, even a dangling symbolic link.
pub fn must_not_exist(path: &Path) -> Result<(), FileError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(FileError::at(path, FileOperation::Written)(ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

/// Locks a file, which is created if it is missing and never changed; `None` while another
/// process holds the lock.
pub fn try_lock(path: &Path) -> Result<Option<File>, FileError> {
    let file = open_lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(FileError::at(path, FileOperation::Locked)(error)),
    }
}

/// Opens a lock file, which is created if it is missing and never changed.
pub fn open_lock_file(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    // Through a symbolic link, its creator could choose where we create a file.
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options.open(path).map_err(FileError::at(path, FileOperation::Created))
}

/// The users who may use a file besides its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    Group,
    Everyone,
}

/// Returns who may use a file besides its owner; `None` also if there is no such file.
#[must_use]
pub fn exposure(path: &Path) -> Option<Exposure> {
    match std::fs::metadata(path).ok()?.permissions().mode() {
        mode if mode & 0o007 != 0 => Some(Exposure::Everyone),
        mode if mode & 0o070 != 0 => Some(Exposure::Group),
        _ => None,
    }
}

/// A file that is written beside its destination, under a random unused name. It is deleted unless it is
/// moved to its destination.
#[derive(Debug)]
pub struct AtomicFile {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl AtomicFile {
    /// Creates a draft that only this user may read.
    pub fn private(path: &Path) -> Result<Self, FileError> {
        Self::new(path, 0o600)
    }

    /// Creates a draft that everyone may read, as far as the process's umask allows.
    pub fn public(path: &Path) -> Result<Self, FileError> {
        Self::new(path, 0o666)
    }

    fn new(path: &Path, mode: u32) -> Result<Self, FileError> {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let file = tempfile::Builder::new()
            .prefix(".portcullis-")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|it| FileError::at(path, FileOperation::Written)(without_path(it)))?;
        Ok(Self { file: BufWriter::new(file), path: path.to_owned() })
    }

    /// Adds the path to a write error.
    pub fn error(&self) -> impl Fn(io::Error) -> FileError + use<> {
        let path = self.path.clone();
        move |source| FileError {
            path: path.clone(),
            operation: FileOperation::Written,
            source: without_path(source),
        }
    }

    /// Appends text.
    pub fn add(&mut self, text: &[u8]) -> Result<(), FileError> {
        self.write_all(text).map_err(self.error())
    }

    /// Replaces the file at the destination. A symbolic link is replaced itself, not its target. Refused if
    /// something else is there, such as a device.
    pub fn replace(self) -> Result<(), FileError> {
        let is_replaceable = std::fs::symlink_metadata(&self.path)
            .map_or(true, |it| it.is_file() || it.is_symlink() || it.is_dir());
        if !is_replaceable {
            return Err(self.error()(io::Error::other("it is not a file")));
        }
        self.finish(|file, path| file.persist(path).map_err(|it| it.error))
    }

    /// Moves the file to its destination; fails if something is there already.
    pub fn create(self) -> Result<(), FileError> {
        self.finish(|file, path| file.persist_noclobber(path).map_err(|it| it.error))
    }

    fn finish(
        self,
        persist: impl FnOnce(NamedTempFile, &Path) -> io::Result<File>,
    ) -> Result<(), FileError> {
        let Self { file, path } = self;
        let written = file.into_inner().map_err(io::IntoInnerError::into_error);
        let written = written.and_then(|file| {
            file.as_file().sync_all()?;
            persist(file, &path)
        });
        written
            .map(drop)
            .map_err(|it| FileError::at(&path, FileOperation::Written)(without_path(it)))
    }
}

/// Removes the random name that `tempfile` adds to an error, because it tells the reader nothing.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((why, _)) => io::Error::new(error.kind(), why),
        None => error,
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
