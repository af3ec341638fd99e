//! cargo-leptos, which builds the server and the browser's half together.

use anyhow::{Result, bail};

use super::{Status, Tool, cargo_install::Program};
use crate::places::Places;

/// The last version whose lock file fits the pinned toolchain.
const PROGRAM: Program<'static> = Program {
    package: "cargo-leptos",
    binary: "cargo-leptos",
    version: "0.3.10",
    locked: true,
    // It would fetch tailwindcss and wasm-opt itself; they come from npm.
    features: &["no_downloads"],
};

pub(super) struct CargoLeptos;

impl Tool for CargoLeptos {
    fn name(&self) -> &'static str {
        PROGRAM.package
    }

    fn status(&self, places: &Places) -> Result<Status> {
        Ok(match PROGRAM.find(places) {
            Some(found) => Status::Ready(format!("{}, {}", PROGRAM.version, found.display())),
            None => Status::Installable(format!(
                "{} from crates.io (up to 20 minutes on two cores)",
                PROGRAM.version
            )),
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        PROGRAM.install(places)?;
        if PROGRAM.find(places).is_none() {
            bail!("another version of cargo-leptos comes first on the path");
        }
        Ok(())
    }
}
