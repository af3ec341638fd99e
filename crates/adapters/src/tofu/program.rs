//! Which program stands for OpenTofu here, and whether it is new enough.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{Error, Result, ports::ToolVersion};
use types::ErrorCode;

use crate::{
    process::{Limits, Sandbox, Task, words},
    version::{Version, first_version},
};

/// OpenTofu before this does not release an http lock when it is interrupted.
const OLDEST_TOFU: Version = Version(1, 11, 3);
/// terraform before this has no `init -json`.
const OLDEST_TERRAFORM: Version = Version(1, 9, 0);

const HOW: &str = "Install OpenTofu 1.11.3 or later (https://opentofu.org/docs/intro/install/) and make sure that kombify finds `tofu` on its PATH, or set its path in the settings";

#[derive(Debug)]
pub(super) struct Program {
    chosen: Option<PathBuf>,
}

impl Program {
    pub(super) const fn new(chosen: Option<PathBuf>) -> Self {
        Self { chosen }
    }

    /// The program that will be used, asked now.
    pub(super) async fn version(&self, sandbox: &Sandbox) -> Result<ToolVersion> {
        let candidates: Vec<PathBuf> = match &self.chosen {
            Some(path) => vec![path.clone()],
            None => ["tofu", "terraform"]
                .iter()
                .filter_map(|name| sandbox.find(name))
                .collect(),
        };
        if candidates.is_empty() {
            return Err(missing("Neither tofu nor terraform was found."));
        }
        let mut refused = Vec::new();
        for path in candidates {
            match look(sandbox, &path).await? {
                Ok(tool) => return Ok(tool),
                Err(why) => refused.push(why),
            }
        }
        Err(missing(&refused.join(" ")))
    }
}

/// Its name for people.
pub(super) fn title(name: &str) -> &'static str {
    if name == "tofu" {
        "OpenTofu"
    } else {
        "Terraform"
    }
}

/// The program at a path, or why it cannot be used.
async fn look(sandbox: &Sandbox, path: &Path) -> Result<Result<ToolVersion, String>> {
    let shown = path.display();
    if !path.is_file() {
        return Ok(Err(format!("There is no program at {shown}.")));
    }
    let folder = sandbox
        .folder()
        .await
        .map_err(|error| super::disk("make a private folder", error))?;
    let task = Task {
        program: path,
        arguments: words(["version"]),
        environment: vec![("CHECKPOINT_DISABLE", "1".into())],
        directory: folder.path(),
        folder: &folder,
        writable: None,
        network: false,
        limits: Limits {
            wall: Duration::from_secs(10),
            output_bytes: 64 << 10,
            grace: Duration::ZERO,
            ..super::LIMITS
        },
    };
    let outcome = match sandbox.run(task, None, None).await {
        Ok(outcome) => outcome,
        Err(error) => return Ok(Err(format!("{shown} does not start: {error}."))),
    };
    let text = String::from_utf8_lossy(&outcome.stdout);
    let first = text.lines().next().unwrap_or_default();
    let (name, oldest) = if first.starts_with("OpenTofu") {
        ("tofu", OLDEST_TOFU)
    } else if first.starts_with("Terraform") {
        ("terraform", OLDEST_TERRAFORM)
    } else {
        return Ok(Err(format!("{shown} is neither OpenTofu nor Terraform.")));
    };
    let Some((version, words)) = first_version(first) else {
        return Ok(Err(format!("{shown} does not say its version.")));
    };
    if version < oldest {
        return Ok(Err(format!(
            "{shown} is {name} {words}, and {oldest} is the oldest that works."
        )));
    }
    Ok(Ok(ToolVersion {
        name: name.to_owned(),
        version: words,
        path: path.to_owned(),
    }))
}

fn missing(why: &str) -> Error {
    Error::refused(
        ErrorCode::ToolMissing,
        format!("{why} {HOW}; until then nothing can be planned or applied."),
    )
}
