//! The kits of `stackkits/`: carried in the binary, unpacked into the data folder at start.

use std::{fs, io, path::Path};

use domain::{
    Error, Result,
    ports::{Kit, KitRegistry},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use types::{
    ErrorCode,
    stack::{KitService, KitView},
};

/// Paths below `stackkits/` and their content, sorted.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/stackkits.rs"));

/// The kits of one CUE module on disk, read once.
#[derive(Debug)]
pub struct KitLibrary {
    kits: Vec<(Kit, KitView)>,
}

/// `kits/<name>/kit.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    name: String,
    version: String,
    summary: String,
    #[serde(default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    key: String,
    title: String,
    summary: String,
}

impl KitLibrary {
    /// Unpacks the kits that the binary carries below this folder, unless they are there
    /// unchanged, and reads them.
    ///
    /// # Errors
    /// `disk_full`, or an internal error when the folder cannot be written.
    pub fn unpack(folder: &Path) -> Result<Self> {
        let module = folder.join(&digest(EMBEDDED)[..16]);
        place(folder, &module).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::refused(
                ErrorCode::DiskFull,
                format!(
                    "The disk is full: the kits could not be unpacked to {}. Free some space, then start again.",
                    folder.display()
                ),
            ),
            _ => Error::internal(format!("unpack the kits to {}", module.display()), error),
        })?;
        Self::read(&module)
    }

    /// Reads the kits of a CUE module: `kits/<name>` with `kit.toml`, `stackfile.cue`,
    /// `example.yaml`, `README.md` and `tofu/`.
    ///
    /// # Errors
    /// `kit_invalid` when a kit lacks one of them or its `kit.toml` is wrong.
    pub fn read(module: &Path) -> Result<Self> {
        let folder = module.join("kits");
        let entries = fs::read_dir(&folder)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(|error| {
                Error::internal(format!("read the kits in {}", folder.display()), error)
            })?;
        let mut kits = entries
            .iter()
            .map(fs::DirEntry::path)
            .filter(|path| path.is_dir())
            .map(|path| read_kit(module, &path))
            .collect::<Result<Vec<_>>>()?;
        kits.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        Ok(Self { kits })
    }
}

impl KitRegistry for KitLibrary {
    fn list(&self) -> Vec<(Kit, KitView)> {
        self.kits.clone()
    }

    fn get(&self, name: &str) -> Option<(Kit, KitView)> {
        self.kits.iter().find(|(kit, _)| kit.name == name).cloned()
    }
}

fn read_kit(module: &Path, folder: &Path) -> Result<(Kit, KitView)> {
    let invalid = |what: String| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        Error::refused(
            ErrorCode::KitInvalid,
            format!("The kit {name} is not valid: {what}."),
        )
    };
    let text = |name: &str| {
        fs::read_to_string(folder.join(name))
            .map_err(|error| invalid(format!("{name} cannot be read, {error}")))
    };
    let Metadata {
        name,
        version,
        summary,
        services,
    } = toml::from_str(&text("kit.toml")?)
        .map_err(|error| invalid(format!("kit.toml is wrong, {}", error.message())))?;
    if folder.file_name().and_then(|name| name.to_str()) != Some(&name) {
        return Err(invalid(format!("kit.toml calls it {name}")));
    }
    for needed in ["stackfile.cue", "tofu/main.tf"] {
        if !folder.join(needed).is_file() {
            return Err(invalid(format!("{needed} is missing")));
        }
    }
    let mut files = Vec::new();
    gather(&folder.join("tofu"), "", &mut files)
        .map_err(|error| invalid(format!("tofu/ cannot be read, {error}")))?;
    files.sort();
    let view = KitView {
        name: name.clone(),
        version: version.clone(),
        summary,
        readme: text("README.md")?,
        services: services
            .into_iter()
            .map(
                |Service {
                     key,
                     title,
                     summary,
                 }| KitService {
                    key,
                    title,
                    summary,
                },
            )
            .collect(),
        example: text("example.yaml")?,
    };
    let kit = Kit {
        name,
        version,
        module: module.to_owned(),
        folder: folder.to_owned(),
        digest: digest(&files),
    };
    Ok((kit, view))
}

/// Makes `module` hold exactly the embedded files; it is seen whole or not at all.
fn place(folder: &Path, module: &Path) -> io::Result<()> {
    if unchanged(module) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let fresh = tempfile::Builder::new()
        .prefix(".unpacking-")
        .tempdir_in(folder)?;
    for (name, content) in EMBEDDED {
        let path = fresh.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(fresh.path()))?;
        fs::write(path, content)?;
    }
    if module.exists() {
        // Somebody has edited it. What is in use keeps its open files.
        let edited = tempfile::Builder::new()
            .prefix(".edited-")
            .tempdir_in(folder)?;
        fs::rename(module, edited.path().join("kits"))?;
    }
    match fs::rename(fresh.path(), module) {
        // Another process may have been faster with the same content.
        Err(error) if !unchanged(module) => Err(error),
        _ => Ok(()),
    }
}

/// Whether a folder holds every embedded file as it is.
fn unchanged(module: &Path) -> bool {
    EMBEDDED
        .iter()
        .all(|(name, content)| fs::read(module.join(name)).is_ok_and(|found| found == *content))
}

/// SHA-256 over names and contents, hexadecimal.
/// The files of a folder and those below it, by their paths in it.
fn gather(folder: &Path, at: &str, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{at}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, fs::read(entry.path())?));
        }
    }
    Ok(())
}

fn digest(files: &[(impl AsRef<str>, impl AsRef<[u8]>)]) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        for part in [name.as_ref().as_bytes(), content.as_ref()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}
