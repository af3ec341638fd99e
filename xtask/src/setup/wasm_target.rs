//! The Rust standard library for wasm.

use std::path::PathBuf;

use anyhow::Result;

use super::{Status, Tool};
use crate::{places::Places, process};

const TARGET: &str = "wasm32-unknown-unknown";

pub(super) struct WasmTarget;

impl Tool for WasmTarget {
    fn name(&self) -> &'static str {
        TARGET
    }

    fn status(&self, places: &Places) -> Result<Status> {
        let sysroot = process::capture(places.command("rustc").args(["--print", "sysroot"]))?;
        let library = PathBuf::from(sysroot.trim())
            .join("lib/rustlib")
            .join(TARGET);
        Ok(if library.join("lib").is_dir() {
            Status::Ready(library.display().to_string())
        } else if places.which("rustup").is_some() {
            Status::Installable(format!("rustup target add {TARGET} (about a minute)"))
        } else {
            Status::ByHand(format!(
                "no rustup here: install your distribution's Rust standard library for {TARGET}, or rustup"
            ))
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        process::run(places.command("rustup").args(["target", "add", TARGET]))
    }
}
