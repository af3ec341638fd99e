//! The tests of the built binary in a real browser, by Playwright.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{
    binary::Binary,
    cluster::Cluster,
    places::Places,
    process::{self, line},
    setup::chromium,
    stamp,
};

const FOLDER: &str = "end2end";

/// Whether there are any.
///
/// # Errors
/// When their folder cannot be read.
pub(super) fn exist(places: &Places) -> Result<bool> {
    let tests = Path::new(FOLDER).join("tests");
    let files = stamp::files_under(&places.root, &tests, &|_| false)?;
    Ok(files
        .iter()
        .any(|file| file.to_string_lossy().contains(".spec.")))
}

/// Runs them. Their configuration starts the binary itself.
///
/// # Errors
/// When one fails.
pub(super) fn run(
    places: &Places,
    binary: &Binary,
    cluster: &Cluster,
    filter: Option<&str>,
) -> Result<()> {
    let folder = places.root.join(FOLDER);
    let node_modules = folder.join("node_modules/.bin");
    if folder.join("tsconfig.json").is_file() {
        let mut types = places.command(node_modules.join("tsc"));
        types
            .current_dir(&folder)
            .args(["--noEmit", "--project", "."]);
        println!("{}", line(&types));
        process::run(&mut types)?;
    }
    let mut tests = places.command(node_modules.join("playwright"));
    tests.current_dir(&folder).arg("test");
    if let Some(filter) = filter {
        tests.args(["--grep", filter]);
    }
    binary.describe_to(&mut tests);
    // Databases and files of the servers, gone once the tests are over.
    let data = tempfile::Builder::new()
        .prefix("kombify-end2end-")
        .tempdir()
        .context("no folder for the tests' data could be made")?;
    tests
        .env("KOMBIFY_BIN", &binary.file)
        .env("KOMBIFY_TEST_DATA", data.path())
        .env("KOMBIFY_TEST_POSTGRES_URL", cluster.url())
        .env("CHROMIUM", chromium::find(places)?)
        // A report that opens a browser would wait for a person.
        .env("PLAYWRIGHT_HTML_OPEN", "never");
    println!("{}", line(&tests));
    process::run(&mut tests)
}
