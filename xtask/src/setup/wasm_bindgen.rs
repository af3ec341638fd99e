//! wasm-bindgen's program, which must have the very version of the library in
//! Cargo.lock.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{Status, Tool, cargo_install::Program};
use crate::places::Places;

pub(super) struct WasmBindgen;

impl Tool for WasmBindgen {
    fn name(&self) -> &'static str {
        "wasm-bindgen"
    }

    fn status(&self, places: &Places) -> Result<Status> {
        let version = locked_version(places)?;
        Ok(match program(&version).find(places) {
            Some(found) => Status::Ready(format!("{version}, {}", found.display())),
            None => Status::Installable(format!(
                "{version}, as in Cargo.lock, from crates.io (about 3 minutes)"
            )),
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        program(&locked_version(places)?).install(places)
    }
}

fn program(version: &str) -> Program<'_> {
    Program {
        package: "wasm-bindgen-cli",
        binary: "wasm-bindgen",
        version,
        // Its lock file would bring versions that do not fit ours.
        locked: false,
        features: &[],
    }
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
}

fn locked_version(places: &Places) -> Result<String> {
    let file = places.root.join("Cargo.lock");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("could not read {}", file.display()))?;
    let lock: Lock = toml::from_str(&text)?;
    lock.package
        .into_iter()
        .find(|package| package.name == "wasm-bindgen")
        .map(|package| package.version)
        .context("Cargo.lock holds no wasm-bindgen")
}
