//! `cargo xtask run`: from a checkout to a running platform.

use std::{os::unix::process::CommandExt as _, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use crate::{
    assets,
    binary::{self, Binary},
    interrupt,
    places::Places,
    process::Running,
    setup,
};

/// What `run` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build with optimisations.
    #[arg(long)]
    release: bool,
    /// The port on 127.0.0.1 to serve on.
    #[arg(long, value_name = "PORT", default_value_t = 4100)]
    port: u16,
    /// The folder of databases and files [default: ~/.local/share/kombify].
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Build again and reload the page whenever a source changes.
    #[arg(long)]
    watch: bool,
    /// Start without sample data.
    #[arg(long)]
    no_sample: bool,
}

/// Sets up, builds and serves until asked to stop.
///
/// # Errors
/// When something is missing, does not compile or does not start.
pub(crate) fn run(places: &Places, options: &Options) -> Result<()> {
    setup::ensure(places, &setup::for_running(places))?;
    if options.watch {
        return watch(places, options);
    }
    let binary = binary::build(places, options.release)?;
    interrupt::check()?;
    let mut command = places.command(&binary.file);
    command.args(arguments(places, options)?);
    surround(&mut command, &binary, options);
    // The server takes this process's place, so signals reach it directly and
    // its exit code is ours.
    let error = command.exec();
    Err(error).with_context(|| format!("could not start {}", binary.file.display()))
}

/// Rebuilds and restarts on every change.
fn watch(places: &Places, options: &Options) -> Result<()> {
    assets::make(places)?;
    let _bundling = match assets::bundler(places)? {
        Some(mut bundler) => Some(Running::start(bundler.arg("--watch=forever"))?),
        None => None,
    };
    let mut command = binary::cargo_leptos(places, "watch", options.release)?;
    command.arg("--").args(arguments(places, options)?);
    surround(&mut command, &Binary::of(places, options.release), options);
    // cargo-leptos tells the browser to reload once the server answers there.
    command.env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{}", options.port));
    let mut watching = Running::start(&mut command)?;
    let status = watching.wait()?;
    watching.stop(Signal::SIGTERM);
    anyhow::ensure!(status.success(), "watching ended ({status})");
    Ok(())
}

fn arguments(places: &Places, options: &Options) -> Result<Vec<std::ffi::OsString>> {
    let data = options.data_dir.as_ref().unwrap_or(&places.data);
    // The server starts in the checkout, the folder was named from elsewhere.
    let data =
        std::path::absolute(data).with_context(|| format!("{} is no folder", data.display()))?;
    Ok(vec![
        "serve".into(),
        "--dev".into(),
        "--port".into(),
        options.port.to_string().into(),
        "--data-dir".into(),
        data.into(),
    ])
}

fn surround(command: &mut Command, binary: &Binary, options: &Options) {
    binary.describe_to(command);
    if options.no_sample {
        command.env("KOMBIFY_SAMPLE__ENABLED", "false");
    }
}
