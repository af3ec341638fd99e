//! Building the binary and what the browser loads, when something changed.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};

use crate::{
    assets, interrupt,
    places::Places,
    process::{self, line},
    stamp,
};

/// As `site-pkg-dir` in Cargo.toml.
const PACKAGE: &str = "pkg";

const GLANCE: Duration = Duration::from_millis(100);

/// Folders whose files go into the binary or the site.
const FOLDERS: [&str; 8] = [
    "app",
    "crates",
    "entity",
    "frontend",
    "migration",
    "server",
    "stackkits",
    "style",
];
/// Files at the top that do.
const FILES: [&str; 5] = [
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "package-lock.json",
    "rust-toolchain.toml",
];

/// A built binary and where its site is.
#[derive(Debug)]
pub(crate) struct Binary {
    /// The program.
    pub(crate) file: PathBuf,
    /// What the browser loads.
    pub(crate) site: PathBuf,
}

impl Binary {
    /// Where they are for a profile.
    pub(crate) fn of(places: &Places, release: bool) -> Self {
        Self {
            file: places.profile(release).join("kombify"),
            site: places.site(release),
        }
    }

    /// Tells a command that runs the binary where its site is.
    pub(crate) fn describe_to(&self, command: &mut Command) {
        command.env("KOMBIFY_SERVER__SITE_ROOT", &self.site);
    }
}

/// Builds the binary and its site, unless the last build was of the very same
/// sources.
///
/// # Errors
/// When something does not compile.
pub(crate) fn build(places: &Places, release: bool) -> Result<Binary> {
    let binary = Binary::of(places, release);
    let record = places.profile(release).join(".kombify-build");
    let _alone = alone(&places.profile(release))?;
    let sources = sources(places)?;
    let current = |binary: &Binary| fs::read_to_string(&record).ok() == built(&sources, binary);
    if record.is_file() && current(&binary) {
        println!("Nothing changed since the last build");
        return Ok(binary);
    }
    if record.is_file() {
        fs::remove_file(&record)?;
    }
    assets::make(places)?;
    let mut command = cargo_leptos(places, "build", release)?;
    println!("Building: {}", line(&command));
    process::run(&mut command)?;
    let built = built(&sources, &binary)
        .with_context(|| format!("no binary at {}", binary.file.display()))?;
    fs::write(&record, built)?;
    Ok(binary)
}

/// Waits until no other build of the profile is at work: each empties the site's
/// folder first. It may go on when what comes back is dropped.
fn alone(folder: &Path) -> Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join(".kombify-build.lock"))?;
    if file.try_lock().is_err() {
        println!("Waiting for another build to end");
        while file.try_lock().is_err() {
            interrupt::check()?;
            thread::sleep(GLANCE);
        }
    }
    Ok(file)
}

/// A call of cargo-leptos, at its full path: `cargo leptos` would take the one
/// in cargo's own folder, whatever its version.
///
/// # Errors
/// When it is not there.
pub(crate) fn cargo_leptos(places: &Places, task: &str, release: bool) -> Result<Command> {
    let program = places
        .which("cargo-leptos")
        .context("cargo-leptos is not there: run `cargo xtask setup`")?;
    let mut command = places.command(program);
    command.args(["leptos", task]);
    if release {
        // A module for each page: what one visit loads stays small however many there are.
        command.args(["--release", "--precompress", "--split"]);
        command.args(["--lib-features", "split"]);
        command.args(["--bin-features", "split"]);
    }
    let binary = Binary::of(places, release);
    command.env("LEPTOS_SITE_ROOT", &binary.site);
    // `watch` starts the binary too.
    binary.describe_to(&mut command);
    Ok(command)
}

/// A mark of a build: of the sources, and of the binary as it lies there now,
/// which something else may have replaced.
fn built(sources: &str, binary: &Binary) -> Option<String> {
    let found = binary.file.metadata().ok()?;
    let written = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    binary.site.join(PACKAGE).is_dir().then(|| {
        format!(
            "sources {sources}\nbinary {} bytes, written at {} ns\n",
            found.len(),
            written.as_nanos()
        )
    })
}

/// A mark of everything that the binary and its site are built from, and of
/// where it lies: checkouts share their target folder.
fn sources(places: &Places) -> Result<String> {
    let mut files: Vec<PathBuf> = FILES.iter().map(PathBuf::from).collect();
    for folder in FOLDERS {
        files.extend(stamp::files_under(
            &places.root,
            Path::new(folder),
            &is_no_source,
        )?);
    }
    let mark = stamp::of_files(&places.root, &files)?;
    Ok(format!("{} {mark}", places.root.display()))
}

fn is_no_source(folder: &Path) -> bool {
    folder == Path::new(assets::BUNDLES)
        || folder == Path::new(assets::FONTS)
        || ["tests", "node_modules"]
            .iter()
            .any(|name| folder.ends_with(name))
}
