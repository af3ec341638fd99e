//! Packages from npm: the tools of the build, and those of the end-to-end tests.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::{Status, Tool, version_in};
use crate::{places::Places, process, stamp};

/// The oldest Node.js that the packages run on.
const NODE: u64 = 20;

pub(super) struct NodePackages {
    name: &'static str,
    folder: PathBuf,
}

impl NodePackages {
    pub(super) fn of_the_build(places: &Places) -> Self {
        Self {
            name: "npm packages",
            folder: places.root.clone(),
        }
    }

    pub(super) fn of_the_tests(places: &Places) -> Self {
        Self {
            name: "npm packages of end2end",
            folder: places.root.join("end2end"),
        }
    }

    pub(super) fn of_the_peers(places: &Places) -> Self {
        Self {
            name: "npm packages of the peers",
            folder: places.root.join(crate::bench::PEERS),
        }
    }

    /// What the packages depend on: when it changes, they are installed anew.
    fn wanted(&self) -> Result<String> {
        stamp::of_files(
            &self.folder,
            &[
                PathBuf::from("package.json"),
                PathBuf::from("package-lock.json"),
            ],
        )
    }

    fn record(&self) -> PathBuf {
        self.folder.join("node_modules/.kombify-stamp")
    }
}

impl Tool for NodePackages {
    fn name(&self) -> &'static str {
        self.name
    }

    fn status(&self, places: &Places) -> Result<Status> {
        let node = process::capture(places.command("node").arg("--version"))
            .ok()
            .and_then(|printed| version_in(&printed));
        let Some(node) = node.filter(|node| node.major >= NODE && places.which("npm").is_some())
        else {
            return Ok(Status::ByHand(format!(
                "install Node.js {NODE} or later with npm, see https://nodejs.org/en/download"
            )));
        };
        let installed = std::fs::read_to_string(self.record()).unwrap_or_default();
        Ok(if installed == self.wanted()? {
            Status::Ready(format!("as locked, Node.js {node}"))
        } else {
            Status::Installable(format!("npm ci in {}", self.folder.display()))
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        process::run(
            places
                .command("npm")
                .current_dir(&self.folder)
                // The browser comes from the distribution.
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
                // None of them needs its install script, so none gets to run one.
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
        )?;
        std::fs::write(self.record(), self.wanted()?).context("could not note what was installed")
    }
}
