//! Programs from crates.io, into our tools folder.

use std::path::PathBuf;

use anyhow::Result;

use crate::{places::Places, process};

/// A program of a crate, of exactly one version.
pub(super) struct Program<'a> {
    /// The crate; its program has the name `binary`.
    pub(super) package: &'a str,
    /// The program.
    pub(super) binary: &'a str,
    /// The version.
    pub(super) version: &'a str,
    /// With the versions of dependencies that its authors tested.
    pub(super) locked: bool,
    /// Its features besides the default ones.
    pub(super) features: &'a [&'a str],
}

impl Program<'_> {
    /// Where a program of the right version is: ours, or another on the path.
    pub(super) fn find(&self, places: &Places) -> Option<PathBuf> {
        let found = places.which(self.binary)?;
        let printed = process::capture(places.command(&found).arg("--version")).ok()?;
        (super::version_in(&printed)?.to_string() == self.version).then_some(found)
    }

    /// Installs it; prebuilt by way of cargo-binstall where that is there,
    /// else from source.
    ///
    /// # Errors
    /// When cargo fails.
    pub(super) fn install(&self, places: &Places) -> Result<()> {
        if places.which("cargo-binstall").is_some() {
            let prebuilt = process::run(
                places
                    .command("cargo-binstall")
                    .args(["--no-confirm", "--root"])
                    .arg(&places.tools)
                    .arg(format!("{}@{}", self.package, self.version)),
            );
            match prebuilt {
                Err(error) if !error.is::<crate::interrupt::Interrupted>() => {
                    println!("{error:#}; building it from source instead");
                }
                done => return done,
            }
        }
        self.build(places)
    }

    fn build(&self, places: &Places) -> Result<()> {
        // Kept until it is installed, so that an interrupted build goes on where it stopped.
        let folder = places.tools.join("build").join(self.package);
        let mut command = places.command("cargo");
        command
            .env("CARGO_TARGET_DIR", &folder)
            // A tool that runs for seconds is not worth half an hour of optimisation.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .args(["install", self.package, "--version", self.version, "--root"])
            .arg(&places.tools)
            .arg("--force");
        if self.locked {
            command.arg("--locked");
        }
        for feature in self.features {
            command.args(["--features", feature]);
        }
        process::run(&mut command)?;
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
