//! Where continuous integration builds: in a checkout that always lies at the same path.
//!
//! Each of its runs has a clone somewhere else, and rustc goes on from what it kept of a
//! crate only where the sources lie at the path of then.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
};

use anyhow::Result;

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
        fs::create_dir_all(folder)?;
        let alone = File::create(folder.with_extension("lock"))?;
        if alone.try_lock().is_err() {
            return Ok(None);
        }
        fs::remove_dir_all(folder)?;
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn git(places: &Places, arguments: &[&str]) {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.test"];
        process::capture(places.command("git").args(who).args(arguments)).expect("git");
    }

    /// A checkout as continuous integration has it, in a folder of the test's.
    fn committed(folder: &Path) -> Places {
        let root = folder.join("asked");
        fs::create_dir_all(root.join("end2end")).expect("a folder");
        fs::write(root.join("end2end/test"), "as committed").expect("written");
        fs::write(root.join(".gitignore"), "/end2end/artefacts\n").expect("written");
        let mut places = Places::find().expect("places").in_checkout(root);
        places.integration = Some(folder.join("integration"));
        git(&places, &["init", "--quiet"]);
        git(&places, &["add", "--all"]);
        git(&places, &["commit", "--quiet", "--message=first"]);
        places
    }

    #[test]
    fn it_is_a_clone_that_leaves_its_pictures_with_who_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = committed(folder.path());
        fs::create_dir_all(folder.path().join("integration/left")).expect("a folder");
        let made = Checkout::make(&asked).expect("made").expect("a checkout");
        let there = &made.places.root;
        assert_eq!(*there, folder.path().join("integration"));
        let copy = fs::read_to_string(there.join("end2end/test")).expect("copied");
        assert_eq!(copy, "as committed");
        assert!(!there.join("left").exists());
        fs::write(there.join("end2end/artefacts/picture"), "").expect("written");
        assert!(asked.root.join("end2end/artefacts/picture").is_file());
    }

    #[test]
    fn what_is_not_committed_or_while_another_run_has_it_is_tested_where_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let asked = committed(folder.path());
        let first = Checkout::make(&asked).expect("made");
        assert!(first.is_some());
        assert!(Checkout::make(&asked).expect("made").is_none());
        drop(first);
        fs::write(asked.root.join("end2end/test"), "changed").expect("written");
        assert!(Checkout::make(&asked).expect("made").is_none());
    }
}
