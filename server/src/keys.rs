//! The master key: from the settings, or made once in the data folder.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};
use domain::env::Env;

pub(crate) const FILE: &str = "master.key";

/// Makes a master key in the data folder; one that is there stays as it is.
///
/// # Errors
/// When the file is not a key, or cannot be made.
pub(crate) fn make(folder: &Path, env: &Env) -> anyhow::Result<[u8; 32]> {
    let file = folder.join(FILE);
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file)
    {
        Ok(mut made) => {
            let key = env.random::<32>();
            made.write_all(hex::encode(key).as_bytes())
                .and_then(|()| made.sync_all())
                .with_context(|| format!("{} could not be written", file.display()))?;
            Ok(key)
        }
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(&file),
        Err(error) => Err(error).with_context(|| format!("{} could not be made", file.display())),
    }
}

/// The master key, if there is one yet. Makes nothing.
///
/// # Errors
/// When the setting or the file is not a key.
pub(crate) fn look(setting: &str, folder: &Path) -> anyhow::Result<Option<[u8; 32]>> {
    if !setting.is_empty() {
        return parse(setting)
            .map(Some)
            .context("the setting security.master_key needs 64 hexadecimal digits");
    }
    let file = folder.join(FILE);
    if !file.exists() {
        return Ok(None);
    }
    read(&file).map(Some)
}

fn read(file: &Path) -> anyhow::Result<[u8; 32]> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("{} could not be read", file.display()))?;
    parse(text.trim()).with_context(|| {
        format!(
            "{} is not a key: put the right one back from your backup",
            file.display()
        )
    })
}

fn parse(text: &str) -> anyhow::Result<[u8; 32]> {
    let bytes = hex::decode(text)?;
    match bytes.try_into() {
        Ok(key) => Ok(key),
        Err(_) => bail!("a key has 32 bytes"),
    }
}
