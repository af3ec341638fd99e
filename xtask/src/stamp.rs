//! Short marks of what files hold, to tell whether something must be done again.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// A mark of the content of these files of a folder; a file that is not there
/// counts as empty. It means something only to the same build of xtask, which
/// at worst does something once more than needed.
///
/// # Errors
/// When a file is there and cannot be read.
pub(crate) fn of_files(folder: &Path, files: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let path = folder.join(file);
        let content = match fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        file.hash(&mut hasher);
        content.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The files under a folder of `root`, sorted, relative to `root`. Folders for
/// which `skip` says so are left out.
///
/// # Errors
/// When a folder cannot be read; one that is not there is empty.
pub(crate) fn files_under(
    root: &Path,
    folder: &Path,
    skip: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        for entry in entries {
            let entry = entry?;
            let file = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                files.push(file);
            } else if !skip(&file) {
                folders.push(file);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_changes_with_content_and_names() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mark = |files: &[&str]| {
            let files: Vec<_> = files.iter().map(PathBuf::from).collect();
            of_files(folder.path(), &files).expect("readable files")
        };
        fs::write(folder.path().join("a"), "one").expect("a file");
        fs::write(folder.path().join("b"), "one").expect("a file");
        let before = mark(&["a"]);
        assert_eq!(before, mark(&["a"]));
        assert_ne!(before, mark(&["b"]));
        assert_ne!(before, mark(&["a", "missing"]));
        fs::write(folder.path().join("a"), "two").expect("a file");
        assert_ne!(before, mark(&["a"]));
    }

    #[test]
    fn files_are_found_below_but_not_in_skipped_folders() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for file in ["src/b.rs", "src/a/c.rs", "src/skipped/d.rs"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        let found = files_under(root.path(), Path::new("src"), &|folder| {
            folder.ends_with("skipped")
        })
        .expect("readable folders");
        assert_eq!(
            found,
            [PathBuf::from("src/a/c.rs"), PathBuf::from("src/b.rs")]
        );
    }
}
