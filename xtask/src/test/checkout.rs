//! Where continuous integration builds: in a checkout that always lies at the same path.
//!
//! Each of its runs has a clone somewhere else, and rustc goes on from what it kept of a
//! crate only where the sources lie at the path of then.

use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::symlink,
    path::Path,
};

use anyhow::{Context as _, Result};

use crate::{interrupt::Interrupted, places::Places, process};

/// Pictures and traces, in a checkout.
const ARTEFACTS: &str = "end2end/artefacts";

/// A copy of the commit under test. Nobody else builds there until it is dropped.
pub(super) struct Checkout {
    /// The places of whoever works in it.
    pub(super) places: Places,
    _alone: File,
}

impl Checkout {
    /// A new one; none where this is no continuous integration, where git does not know
    /// what is there or cannot copy it, where something is not committed, or while another
    /// run has it.
    ///
    /// # Errors
    /// When the folder cannot be written, or someone asked to stop.
    pub(super) fn make(places: &Places) -> Result<Option<Self>> {
        let Some(folder) = &places.integration else {
            return Ok(None);
        };
        let status = process::capture(places.command("git").args(["status", "--porcelain"]));
        if !status.is_ok_and(|changes| changes.trim().is_empty()) {
            return Ok(None);
        }
        let parent = folder.parent().context("it lies in no folder")?;
        fs::create_dir_all(parent)?;
        let alone = File::create(parent.join("integration.lock"))?;
        if alone.try_lock().is_err() {
            return Ok(None);
        }
        remove(folder)?;
        let mut clone = places.command("git");
        clone
            .args(["clone", "--quiet"])
            .arg(&places.root)
            .arg(folder);
        println!("{}", process::line(&clone));
        if let Err(error) = process::run(&mut clone) {
            if error.is::<Interrupted>() {
                return Err(error);
            }
            eprintln!("{error:#}: the tests run where they were asked for");
            return Ok(None);
        }
        // What the tests leave is for whoever asked for them.
        let artefacts = places.root.join(ARTEFACTS);
        fs::create_dir_all(&artefacts)?;
        symlink(&artefacts, folder.join(ARTEFACTS))?;
        Ok(Some(Self {
            places: places.in_checkout(folder.clone()),
            _alone: alone,
        }))
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done.with_context(|| format!("{} cannot be removed", folder.display())),
    }
}
