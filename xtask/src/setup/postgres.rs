//! The PostgreSQL server of the tests.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::{Status, Tool, apt, version_in};
use crate::{places::Places, process};

/// Folders that hold one folder of programs for each version.
const VERSIONED: [(&str, &str); 3] = [
    ("/usr/lib/postgresql", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
];

pub(super) struct Postgres;

impl Tool for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL server"
    }

    fn status(&self, places: &Places) -> Result<Status> {
        if let Some(folder) = programs(places) {
            let printed =
                process::capture(places.command(folder.join("postgres")).arg("--version"))?;
            let version = version_in(&printed).context("PostgreSQL tells no version")?;
            return Ok(Status::Ready(format!(
                "{}.{}, {}",
                version.major,
                version.minor,
                folder.display()
            )));
        }
        Ok(if apt::usable(places) {
            Status::Installable("apt-get install postgresql".to_owned())
        } else {
            Status::ByHand(
                "install it: `sudo apt-get install postgresql`, or `brew install postgresql@17`"
                    .to_owned(),
            )
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        apt::install(places, &["postgresql"])
    }
}

/// The folder that holds `initdb` and `postgres` of the same version: the one
/// on the path, else the newest.
pub(crate) fn programs(places: &Places) -> Option<PathBuf> {
    let on_path = places
        .which("postgres")
        .and_then(|program| program.canonicalize().ok())
        .and_then(|program| program.parent().map(PathBuf::from));
    on_path
        .into_iter()
        .chain(versioned())
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

fn versioned() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = VERSIONED
        .iter()
        .filter_map(|(folder, programs)| Some((std::fs::read_dir(folder).ok()?, programs)))
        .flat_map(|(entries, programs)| {
            entries.flatten().filter_map(move |entry| {
                let name = entry.file_name().into_string().ok()?;
                let version = name.trim_start_matches("postgresql@").parse().ok()?;
                Some((version, entry.path().join(programs)))
            })
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}
