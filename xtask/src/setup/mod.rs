//! What building, running and testing need, and how to get what is missing.
//!
//! Says what it will install before it does, asks nothing, and names the
//! command that a person must run where it cannot install something itself.

mod apt;
mod cargo_install;
mod cargo_leptos;
pub(crate) mod chromium;
mod cue;
mod cue_from_debian;
mod infrastructure;
mod load;
mod node_packages;
pub(crate) mod postgres;
mod wasm_bindgen;
mod wasm_target;

use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::{interrupt, places::Places};

/// Something that lies outside the workspace and that the project needs.
pub(crate) trait Tool {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// Whether it is there; answers at once.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn status(&self, places: &Places) -> Result<Status>;

    /// Installs it; called only after [`Status::Installable`].
    ///
    /// # Errors
    /// When it cannot be installed.
    fn install(&self, places: &Places) -> Result<()>;
}

/// Whether a tool is there.
#[derive(Debug)]
pub(crate) enum Status {
    /// It is; the version and where.
    Ready(String),
    /// It is not, and this is what will be done about it.
    Installable(String),
    /// It is not, and this is the sentence that tells a person what to do.
    ByHand(String),
    /// It is not, and this is what does not work without it.
    Without(String),
}

/// A list of tools.
pub(crate) type Tools = Vec<Box<dyn Tool>>;

/// What the lints need.
pub(crate) fn for_lints() -> Tools {
    vec![Box::new(wasm_target::WasmTarget)]
}

/// What the Rust tests need.
pub(crate) fn for_rust_tests() -> Tools {
    vec![
        Box::new(cue::Cue),
        Box::new(infrastructure::Infrastructure),
        Box::new(postgres::Postgres),
    ]
}

/// What building and running need.
pub(crate) fn for_running(places: &Places) -> Tools {
    vec![
        Box::new(wasm_target::WasmTarget),
        Box::new(cargo_leptos::CargoLeptos),
        Box::new(wasm_bindgen::WasmBindgen),
        Box::new(node_packages::NodePackages::of_the_build(places)),
        Box::new(cue::Cue),
        Box::new(infrastructure::Infrastructure),
    ]
}

/// What the end-to-end tests need.
pub(crate) fn for_end_to_end_tests(places: &Places) -> Tools {
    let mut tools = for_running(places);
    tools.push(Box::new(node_packages::NodePackages::of_the_tests(places)));
    tools.push(Box::new(chromium::Chromium));
    tools
}

/// What the benchmark needs.
pub(crate) fn for_benchmarks(places: &Places) -> Tools {
    let mut tools = for_running(places);
    tools.push(Box::new(node_packages::NodePackages::of_the_peers(places)));
    tools.push(Box::new(postgres::Postgres));
    tools.push(Box::new(load::Load));
    tools
}

/// What anything but the benchmark needs.
pub(crate) fn everything(places: &Places) -> Tools {
    let mut tools = for_end_to_end_tests(places);
    tools.push(Box::new(postgres::Postgres));
    tools
}

/// Checks the tools and installs what is missing.
///
/// # Errors
/// When something is missing that cannot be installed, before anything is
/// installed; or when an installation fails.
pub(crate) fn ensure(places: &Places, tools: &[Box<dyn Tool>]) -> Result<()> {
    let mut missing = Vec::new();
    let mut by_hand = Vec::new();
    println!("Checking what this machine has");
    for tool in tools {
        match tool.status(places)? {
            Status::Ready(what) => say("found", tool.name(), &what),
            Status::Without(what) => say("without", tool.name(), &what),
            Status::Installable(what) => {
                say("install", tool.name(), &what);
                missing.push(tool);
            }
            Status::ByHand(what) => {
                say("MISSING", tool.name(), &what);
                by_hand.push(tool.name());
            }
        }
    }
    if !by_hand.is_empty() {
        bail!(
            "{} must be installed by hand as said above; nothing was installed yet",
            by_hand.join(" and ")
        );
    }
    for tool in missing {
        install(places, tool.as_ref())?;
    }
    println!();
    Ok(())
}

fn install(places: &Places, tool: &dyn Tool) -> Result<()> {
    interrupt::check()?;
    println!("\nInstalling {}", tool.name());
    let begun = Instant::now();
    tool.install(places)
        .with_context(|| format!("could not install {}", tool.name()))?;
    match tool.status(places)? {
        Status::Ready(what) => {
            let seconds = begun.elapsed().as_secs();
            println!("Installed {}: {what}, in {seconds} s", tool.name());
            Ok(())
        }
        Status::Installable(what) | Status::ByHand(what) | Status::Without(what) => {
            bail!(
                "{} was installed but is still not there: {what}",
                tool.name()
            )
        }
    }
}

fn say(state: &str, name: &str, what: &str) {
    println!("  {state:<8} {name:<24} {what}");
}

/// The first thing in a text that reads as a version: `cue version v0.15.1` is 0.15.1.
fn version_in(text: &str) -> Option<semver::Version> {
    text.split(|letter: char| letter.is_whitespace() || letter == ',' || letter == '"')
        .find_map(|word| {
            let word = word.trim_start_matches('v');
            semver::Version::parse(word)
                // PostgreSQL and Chromium count in two and four numbers.
                .or_else(|_| semver::Version::parse(&three_numbers(word)))
                .ok()
        })
}

fn three_numbers(word: &str) -> String {
    let mut numbers: Vec<&str> = word.split('.').collect();
    if numbers.len() > 1 {
        numbers.resize(3, "0");
    }
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_are_read_from_what_tools_print() {
        for (printed, version) in [
            ("cargo-leptos 0.3.10", "0.3.10"),
            ("wasm-bindgen 0.2.130", "0.2.130"),
            ("CUE language version v0.15.1\n", "0.15.1"),
            ("v20.20.2\n", "20.20.2"),
            ("Chromium 156.0.8078.73 built on Debian", "156.0.8078"),
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
                "15.18.0",
            ),
        ] {
            assert_eq!(
                version_in(printed)
                    .map(|found| found.to_string())
                    .as_deref(),
                Some(version),
                "{printed}"
            );
        }
        assert_eq!(version_in("command not found"), None);
    }
}
