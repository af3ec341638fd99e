//! One server at a time on a data folder with SQLite. A second one would take the first
//! one's instance for its own and leave it without when it stops.

use std::{
    fs::{self, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::bail;

use super::databases::data_folder;
use crate::config::Settings;

const FILE: &str = "kombify.lock";

/// Takes the data folder for this process until it ends, however it does. Where the
/// databases are in PostgreSQL any number of processes may run.
///
/// # Errors
/// When another process has it, or it cannot be taken.
pub(crate) fn hold(settings: &Settings) -> anyhow::Result<()> {
    if !settings.database.url.is_empty() {
        return Ok(());
    }
    data_folder(settings)?;
    let folder = &settings.data.dir;
    let path = folder.join(FILE);
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) => bail!(
            "the data folder {} may not be written ({error}); give the user of kombify the right to, or choose another folder by data.dir",
            folder.display()
        ),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!(
            "the data folder {} is in use by another kombify{}; stop that one, or choose another folder with --data-dir",
            folder.display(),
            holder(&path)
        ),
        Err(TryLockError::Error(error)) => bail!(
            "{} cannot be locked ({error}); choose a data folder on another file system with --data-dir",
            path.display()
        ),
    }
    // Only the sentence above is shorter without it.
    let _ = file
        .set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()));
    // Never closed: the kernel lets go of it when the process ends, also by a kill.
    std::mem::forget(file);
    Ok(())
}

/// Which process has the folder, as far as it could say so.
fn holder(file: &Path) -> String {
    let process = fs::read_to_string(file)
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok());
    process.map_or_else(String::new, |id| format!(" (process {id})"))
}
