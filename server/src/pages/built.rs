//! Whether the interface's files are there: their build writes beside the program how
//! they are called, and without that no page can name them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use leptos::config::LeptosOptions;

/// Why no page can be sent, in a sentence that says what to do; nothing when they can.
pub(super) fn why_not(options: &LeptosOptions) -> Option<String> {
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
    let parts = hashes.lines().find_map(|line| {
        let (name, hash) = line.split_once(':')?;
        (name == "manifest").then(|| format!("__wasm_split_manifest.{}.json", hash.trim()))
    })?;
    let parts: PathBuf = [&*options.site_root, &*options.site_pkg_dir, &parts]
        .iter()
        .collect();
    (!parts.is_file()).then(|| {
        format!(
            "The interface's files are not in {}: {} is missing. Set server.site_root to the folder `site` that belongs to this program.",
            options.site_root,
            parts.display()
        )
    })
}
