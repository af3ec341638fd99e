//! What the browser loads besides the page's own program: bundled modules
//! and fonts. Made into `style/public`, which the build copies.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{places::Places, process};

/// Modules: each file here becomes one of the same name in `style/public/js`.
pub(crate) const MODULES: &str = "style/js";
/// Where bundled modules go.
pub(crate) const BUNDLES: &str = "style/public/js";
/// Where fonts go.
pub(crate) const FONTS: &str = "style/public/fonts";

/// The Latin part of each font, in one file for every weight.
const FONT_FILES: [&str; 2] = [
    "inter/files/inter-latin-wght-normal.woff2",
    "jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
];

/// Makes all of it anew.
///
/// # Errors
/// When a module does not compile or a file cannot be written.
pub(crate) fn make(places: &Places) -> Result<()> {
    fonts(places)?;
    let bundles = places.root.join(BUNDLES);
    if bundles.exists() {
        fs::remove_dir_all(&bundles)?;
    }
    match bundler(places)? {
        Some(mut bundler) => process::run(&mut bundler),
        None => Ok(()),
    }
}

/// The command that bundles the modules; nothing when there are none.
///
/// # Errors
/// When the modules' folder cannot be read.
pub(crate) fn bundler(places: &Places) -> Result<Option<Command>> {
    let modules = modules(&places.root)?;
    if modules.is_empty() {
        return Ok(None);
    }
    let mut command = places.command("esbuild");
    command
        .args(modules)
        .arg(format!("--outdir={BUNDLES}"))
        .args([
            "--bundle",
            "--format=esm",
            "--target=es2022",
            "--minify",
            "--log-level=warning",
        ]);
    Ok(Some(command))
}

fn modules(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = Path::new(MODULES);
    // What lies in folders below is imported by a module and is none itself.
    let files = crate::stamp::files_under(root, folder, &|_| true)?;
    Ok(files
        .into_iter()
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "ts" || extension == "js")
        })
        .collect())
}

fn fonts(places: &Places) -> Result<()> {
    let packages = places.root.join("node_modules/@fontsource-variable");
    let folder = places.root.join(FONTS);
    fs::create_dir_all(&folder)?;
    for file in FONT_FILES {
        let from = packages.join(file);
        let name = from.file_name().context("a font's file has a name")?;
        fs::copy(&from, folder.join(name))
            .with_context(|| format!("could not copy the font {}", from.display()))?;
    }
    Ok(())
}
