//! The interface's files, as a program finds them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

static SITE: OnceLock<PathBuf> = OnceLock::new();

/// Pages name the interface's files by their hashes, which its build writes beside the
/// program. Tests over HTTP load no such file, so where it was not built any hash will do,
/// and empty files so named, in the folder that is returned.
///
/// # Panics
/// When a file cannot be written.
pub fn name_files(program: &Path) -> PathBuf {
    let site = SITE.get_or_init(|| {
        let list = program.with_file_name("hash.txt");
        if !list.exists() {
            // Moved there as a whole: other tests may look at it at this moment.
            let new = program.with_file_name(format!("hash.txt.{}", std::process::id()));
            fs::write(&new, "js: test\nwasm: test\ncss: test\n").expect("written");
            fs::rename(&new, &list).expect("moved");
        }
        let hashes = fs::read_to_string(&list).expect("a list");
        let site = program.with_file_name("site-of-tests");
        let folder = site.join("pkg");
        fs::create_dir_all(&folder).expect("a folder");
        for (kind, hash) in hashes.lines().filter_map(|line| line.split_once(':')) {
            let file = folder.join(format!("kombify.{}.{}", hash.trim(), kind.trim()));
            fs::write(file, "").expect("written");
        }
        site
    });
    site.clone()
}
