//! CUE's command line, which validates specifications.

use std::path::Path;

use anyhow::Result;
use semver::Version;

use super::{Status, Tool, cue_from_debian, version_in};
use crate::{places::Places, process};

/// The oldest version whose messages are understood.
const OLDEST: Version = Version::new(0, 15, 0);

pub(super) struct Cue;

impl Tool for Cue {
    fn name(&self) -> &'static str {
        "cue"
    }

    fn status(&self, places: &Places) -> Result<Status> {
        if let Some((version, found)) = places
            .which("cue")
            .and_then(|found| Some((version(places, &found)?, found)))
            .filter(|(version, _)| *version >= OLDEST)
        {
            return Ok(Status::Ready(format!("{version}, {}", found.display())));
        }
        Ok(if cue_from_debian::usable(places) {
            Status::Installable(
                "built from Debian's source packages with Go from PyPI (about 2 minutes)"
                    .to_owned(),
            )
        } else {
            Status::ByHand(format!(
                "install cue {OLDEST} or later: `brew install cue-lang/tap/cue`, \
                 `go install cuelang.org/go/cmd/cue@v0.15.1`, or a release from \
                 https://github.com/cue-lang/cue/releases"
            ))
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        cue_from_debian::install(places)
    }
}

/// The version of the language: the program's own is missing when it was not
/// built as a Go module.
fn version(places: &Places, cue: &Path) -> Option<Version> {
    let printed = process::capture(places.command(cue).arg("version")).ok()?;
    version_in(
        printed
            .lines()
            .find(|line| line.contains("language version"))?,
    )
}
