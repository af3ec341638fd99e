//! Whether the interface's files are there: their build writes beside the program how
//! they are called, and without that no page can name them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use leptos::config::LeptosOptions;

/// What every page names; their extensions are their names in the list.
const OF_EACH_PAGE: [&str; 3] = ["js", "wasm", "css"];

/// Why no page can be sent, in a sentence that says what to do; nothing when they can.
pub(crate) fn why_not(options: &LeptosOptions) -> Option<String> {
    let beside = env::current_exe()
        .ok()
        .and_then(|program| program.parent().map(Path::to_path_buf))
        .unwrap_or_default();
    let list = beside.join(options.hash_file.as_ref());
    let Ok(hashes) = fs::read_to_string(&list) else {
        return Some(format!(
            "The interface's files are not known: {} is missing or cannot be read. Unpack kombify's archive as a whole, or build it with `cargo xtask run --release`.",
            list.display()
        ));
    };
    let folder: PathBuf = [&*options.site_root, &*options.site_pkg_dir]
        .iter()
        .collect();
    let missing = named(&options.output_name, &hashes)
        .into_iter()
        .map(|name| folder.join(name))
        .find(|file| !file.is_file())?;
    Some(format!(
        "The interface's files are not in {}: {} is missing. Set server.site_root to the folder `site` that belongs to this program.",
        options.site_root,
        missing.display()
    ))
}

/// The files that pages name; where the interface was built in parts, their list too.
fn named(output: &str, hashes: &str) -> Vec<String> {
    let hash = |wanted: &str| {
        let found = hashes.lines().find_map(|line| {
            let (name, hash) = line.split_once(':')?;
            (name.trim() == wanted).then(|| hash.trim())
        });
        found.map(|hash| format!(".{hash}"))
    };
    let mut files: Vec<String> = OF_EACH_PAGE
        .into_iter()
        .map(|kind| format!("{output}{}.{kind}", hash(kind).unwrap_or_default()))
        .collect();
    files.extend(hash("manifest").map(|hash| format!("__wasm_split_manifest{hash}.json")));
    files
}
