//! The interface's files, as a program finds them.

use std::{fs, path::Path, sync::Once};

static NAMED: Once = Once::new();

/// Pages name the interface's files by their hashes, which its build writes beside the
/// program. Tests over HTTP load no such file, so where it was not built any hash will do.
///
/// # Panics
/// When the file cannot be written.
pub fn name_files(program: &Path) {
    NAMED.call_once(|| {
        let list = program.with_file_name("hash.txt");
        if !list.exists() {
            fs::write(list, "js: test\nwasm: test\ncss: test\n").expect("written");
        }
    });
}
