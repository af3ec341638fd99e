//! A task's private folder, and the removal of those that a killed process left.

use std::{
    fs::{self, File, Permissions, TryLockError},
    io,
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, lchown,
    },
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;
use tempfile::TempDir;

use super::RunAs;

const PREFIX: &str = "kombify-task-";
const LOCK: &str = ".lock";

/// A folder that only the task sees; removed with all it holds when dropped.
#[derive(Debug)]
pub struct PrivateFolder {
    folder: TempDir,
    owner: Option<RunAs>,
    /// Held as long as the folder is in use: a sweep leaves it alone.
    _lock: File,
}

impl PrivateFolder {
    pub(super) fn new(scratch: &Path, owner: Option<RunAs>) -> io::Result<Self> {
        fs::create_dir_all(scratch)?;
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(scratch)?;
        // Locked before it gets its name, so that no sweep sees it unlocked.
        let early = folder.path().join(".lock.new");
        let lock = File::create(&early)?;
        lock.lock()?;
        fs::rename(early, folder.path().join(LOCK))?;
        let folder = Self {
            folder,
            owner,
            _lock: lock,
        };
        folder.give(folder.path())?;
        Ok(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a folder below, with those above it.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn make(&self, relative: &str) -> io::Result<PathBuf> {
        let mut path = self.path().to_owned();
        for part in Path::new(relative).components() {
            path.push(part);
            if !path.is_dir() {
                fs::DirBuilder::new().mode(0o700).create(&path)?;
                self.give(&path)?;
            }
        }
        Ok(path)
    }

    /// Writes a file below; its folder must be there.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.path().join(relative);
        fs::write(&path, bytes)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        self.give(&path)?;
        Ok(path)
    }

    /// Copies the files of a folder to one below that `wanted` says; links are refused.
    ///
    /// # Errors
    /// When the disk refuses it, or a link is met.
    pub fn copy(
        &self,
        from: &Path,
        relative: &str,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> io::Result<()> {
        self.make(relative)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let below = format!("{relative}/{name}");
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                return Err(io::Error::other(format!("{below} is a link")));
            } else if kind.is_dir() {
                self.copy(&entry.path(), &below, wanted)?;
            } else if wanted(&entry.path()) {
                self.write(&below, &fs::read(entry.path())?)?;
            }
        }
        Ok(())
    }

    /// Gives a path, with all below it, to the user that the task runs as.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        let Some(RunAs { uid, gid }) = self.owner else {
            return Ok(());
        };
        let entry = fs::symlink_metadata(path)?;
        if entry.uid() != uid || entry.gid() != gid {
            lchown(path, Some(uid), Some(gid))?;
        }
        if entry.is_dir() {
            for below in fs::read_dir(path)? {
                self.give(&below?.path())?;
            }
        }
        Ok(())
    }
}

/// Removes private folders whose process is gone.
pub(super) fn sweep(scratch: &Path) {
    let Ok(entries) = fs::read_dir(scratch) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Whoever else may write here must not make this wait or lock another file.
        let lock = File::options()
            .read(true)
            .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits())
            .open(entry.path().join(LOCK));
        let Ok(lock) = lock else {
            continue;
        };
        let held = matches!(lock.try_lock(), Err(TryLockError::WouldBlock));
        if !held && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(path = %entry.path().display(), %error, "could not remove a left-over task folder");
        }
    }
}
