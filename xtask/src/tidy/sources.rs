//! The files of the checkout that people write.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{places::Places, process::capture};

/// The texts of the checkout, those not committed yet included.
#[derive(Debug)]
pub(super) struct Sources {
    files: Vec<Source>,
}

/// A file.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path in the checkout, with forward slashes.
    pub(super) path: String,
    /// What it holds.
    pub(super) text: String,
}

impl Sources {
    /// Reads them.
    ///
    /// # Errors
    /// When git does not know the checkout or a file cannot be read.
    pub(super) fn load(places: &Places) -> Result<Self> {
        let listed = capture(places.command("git").args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            if let Some(text) = read(&places.root, path)? {
                files.push(Source {
                    path: path.to_owned(),
                    text,
                });
            }
        }
        Ok(Self { files })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.files.len()
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// Those under a folder.
    pub(super) fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Source> {
        self.files
            .iter()
            .filter(move |source| source.is_under(folder))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            files: files
                .iter()
                .map(|(path, text)| Source {
                    path: (*path).to_owned(),
                    text: (*text).to_owned(),
                })
                .collect(),
        }
    }
}

/// Nothing for a file that was removed but not committed, or holds no text.
fn read(root: &Path, path: &str) -> Result<Option<String>> {
    let file: PathBuf = root.join(path);
    match fs::read(&file) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("could not read {}", file.display())),
    }
}

impl Source {
    /// Whether it lies under a folder of the checkout, or is that file.
    pub(super) fn is_under(&self, folder: &str) -> bool {
        self.path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What comes after the last point of its name.
    pub(super) fn extension(&self) -> &str {
        Path::new(&self.path)
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default()
    }

    /// Its name without folder and extension.
    pub(super) fn stem(&self) -> &str {
        Path::new(&self.path)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default()
    }

    /// Its lines with the place of each.
    pub(super) fn lines(&self) -> impl Iterator<Item = (String, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (format!("{}:{}", self.path, index + 1), line))
    }
}

/// Whether a text holds this as a whole word.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The comment of a line, if it has one. Its sign stands after a space or at
/// the start, which the slashes of an address do not.
pub(super) fn comment<'a>(source: &Source, line: &'a str) -> Option<&'a str> {
    let signs: &[&str] = match source.extension() {
        "rs" | "ts" | "tsx" | "js" | "mjs" | "cue" => &["//", "/*"],
        "css" => &["/*"],
        "md" | "html" => &["<!--"],
        "toml" | "yaml" | "yml" | "sh" | "" | "tf" => &["#"],
        _ => &[],
    };
    signs
        .iter()
        .flat_map(|sign| line.match_indices(sign))
        .map(|(at, _)| at)
        .filter(|at| {
            line[..*at]
                .chars()
                .next_back()
                .is_none_or(char::is_whitespace)
        })
        .min()
        .map(|at| &line[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        assert!(has_word("use sea_orm::Entity;", "sea_orm"));
        assert!(!has_word("use sea_orm_migration::Entity;", "sea_orm"));
        assert!(!has_word("let my_sea_orm = 1;", "sea_orm"));
    }

    #[test]
    fn a_folder_holds_what_is_below_it_only() {
        let sources = Sources::of(&[("app/src/lib.rs", ""), ("application/lib.rs", "")]);
        let found: Vec<_> = sources.under("app").map(|source| &source.path).collect();
        assert_eq!(found, ["app/src/lib.rs"]);
    }
}
