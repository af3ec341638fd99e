//! Lists the files below `stackkits/` as Rust, so that the binary carries the kits.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

/// From this package's folder.
const KITS: &str = "../../stackkits";

#[expect(
    clippy::disallowed_methods,
    reason = "cargo passes its paths to build scripts in the environment"
)]
fn variable(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}")))
}

fn main() -> io::Result<()> {
    // Checkouts that share a target folder share what this prints and writes, so no path of
    // one of them is in it.
    let root = variable("CARGO_MANIFEST_DIR").join(KITS);
    println!("cargo::rerun-if-changed={KITS}");
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).expect("a file below the root");
        let below = Path::new("/").join(KITS).join(name);
        writeln!(
            list,
            "    ({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {below:?}))),"
        )
        .expect("a string takes all");
    }
    list.push_str("]\n");
    fs::write(variable("OUT_DIR").join("stackkits.rs"), list)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
