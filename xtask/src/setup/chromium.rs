//! The browser of the end-to-end tests.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{Status, Tool, apt};
use crate::{places::Places, process};

/// The one without windows first: the same tests take half as long in it.
const NAMES: [&str; 5] = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// Of Debian.
const PACKAGE: &str = "chromium-headless-shell";
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

pub(super) struct Chromium;

impl Tool for Chromium {
    fn name(&self) -> &'static str {
        "Chromium"
    }

    fn status(&self, places: &Places) -> Result<Status> {
        Ok(match find(places) {
            Ok(browser) => Status::Ready(browser.display().to_string()),
            Err(_) if apt::usable(places) => {
                Status::Installable(format!("apt-get install {PACKAGE}"))
            }
            Err(error) => Status::ByHand(error.to_string()),
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        apt::install(places, &[PACKAGE])
    }
}

/// Where the browser is.
///
/// # Errors
/// When there is none, or `CHROMIUM` names none.
pub(crate) fn find(places: &Places) -> Result<PathBuf> {
    if let Some(chosen) = &places.chromium {
        if !runs(places, chosen) {
            bail!("CHROMIUM says {}, which does not start", chosen.display());
        }
        return Ok(chosen.clone());
    }
    NAMES
        .iter()
        .filter_map(|name| places.which(name))
        .chain(APPLICATIONS.iter().map(PathBuf::from))
        .find(|browser| runs(places, browser))
        .ok_or_else(|| {
            anyhow::anyhow!(
                "install Chromium (`sudo apt-get install chromium`, `brew install --cask chromium`) \
                 or set CHROMIUM to the browser's path"
            )
        })
}

/// A distribution may ship a program that only says where to get the browser.
fn runs(places: &Places, browser: &Path) -> bool {
    browser.is_file() && process::capture(places.command(browser).arg("--version")).is_ok()
}
