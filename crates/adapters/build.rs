//! Lists the files below `stackkits/` as Rust, so that the binary carries the kits.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo passes its paths to build scripts in the environment"
)]
fn variable(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}")))
}

fn main() -> io::Result<()> {
    let root = variable("CARGO_MANIFEST_DIR")
        .join("../../stackkits")
        .canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).expect("a file below the root");
        writeln!(list, "    ({name:?}, include_bytes!({file:?})),").expect("a string takes all");
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
