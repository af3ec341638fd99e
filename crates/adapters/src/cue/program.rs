//! Where `cue` is, and whether it is new enough.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use domain::{Error, Result, ports::ToolVersion};
use types::ErrorCode;

use crate::{
    process::{Limits, Sandbox, Task, words},
    version::{Version, first_version},
};

/// Before this, rules cannot say their own words by `error("…")`.
const OLDEST: Version = Version(0, 15, 0);

const HOW: &str = "Install cue 0.15 or later (https://cuelang.org/docs/introduction/installation/) and make sure that kombify finds it on its PATH, or set its path in the settings";

#[derive(Debug)]
pub(super) struct Program {
    chosen: Option<PathBuf>,
    /// The file that was asked last, and what it answered: a check takes half as long.
    seen: Mutex<Option<(Stamp, ToolVersion)>>,
}

/// What changes when a program is replaced.
type Stamp = (PathBuf, u64, Option<SystemTime>);

impl Program {
    pub(super) const fn new(chosen: Option<PathBuf>) -> Self {
        Self {
            chosen,
            seen: Mutex::new(None),
        }
    }

    /// The program that will be used.
    pub(super) async fn version(&self, sandbox: &Sandbox) -> Result<ToolVersion> {
        let path = match &self.chosen {
            Some(path) => path.clone(),
            None => sandbox
                .find("cue")
                .ok_or_else(|| missing("cue was not found."))?,
        };
        let Some(stamp) = stamp(&path) else {
            return Err(missing(&format!(
                "There is no program at {}.",
                path.display()
            )));
        };
        if let Some((seen, tool)) = &*self.seen.lock().unwrap_or_else(PoisonError::into_inner)
            && *seen == stamp
        {
            return Ok(tool.clone());
        }
        let tool = look(sandbox, &path).await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, tool.clone()));
        Ok(tool)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some((path.to_owned(), file.len(), file.modified().ok()))
}

async fn look(sandbox: &Sandbox, path: &Path) -> Result<ToolVersion> {
    let shown = path.display();
    let folder = sandbox
        .folder()
        .await
        .map_err(|error| super::failed("make a private folder", error))?;
    let task = Task {
        program: path,
        arguments: words(["version"]),
        environment: Vec::new(),
        directory: folder.path(),
        folder: &folder,
        writable: None,
        network: false,
        limits: Limits {
            output_bytes: 64 << 10,
            ..super::LIMITS
        },
    };
    let outcome = sandbox
        .run(task, None, None)
        .await
        .map_err(|error| missing(&format!("{shown} does not start: {error}.")))?;
    let text = String::from_utf8_lossy(&outcome.stdout);
    // A build from a distribution's sources knows only the version of its language.
    let line = |start: &str| {
        text.lines()
            .find(|line| line.starts_with(start))
            .and_then(first_version)
    };
    let Some((version, words)) = line("cue version").or_else(|| line("CUE language version"))
    else {
        return Err(missing(&format!("{shown} does not say its version.")));
    };
    if version < OLDEST {
        return Err(missing(&format!(
            "{shown} is cue {words}, and {OLDEST} is the oldest that works."
        )));
    }
    Ok(ToolVersion {
        name: "cue".to_owned(),
        version: words,
        path: path.to_owned(),
    })
}

fn missing(why: &str) -> Error {
    Error::refused(
        ErrorCode::ToolMissing,
        format!("{why} {HOW}; until then no specification can be checked."),
    )
}
