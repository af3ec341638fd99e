//! The master key of a start, and what a start says of it, told without a start.

use domain::{db::Db, env::Env, installation, vault::Vault};

use super::databases::{Found, reach};
use crate::{config::Settings, keys};

/// Whether there is a master key; the first start makes one. Makes nothing.
///
/// # Errors
/// What a start says of a key that is none, or that is not the databases' own.
pub async fn look(settings: &Settings, databases: Option<&Found>) -> anyhow::Result<bool> {
    let key = keys::look(&settings.security.master_key, &settings.data.dir)?;
    let vault = key.map(|key| Vault::new(key, Env::system()));
    if let Some(found) = databases {
        match installation::has_another_key(&found.control, vault.as_ref()).await {
            Ok(false) => {}
            Ok(true) if vault.is_none() => return Err(missing(settings)),
            Ok(true) => return Err(another(settings)),
            // Those of an earlier version may not know of keys.
            Err(_) if found.missing_steps > 0 => {}
            Err(error) => return Err(reach(settings, error)),
        }
    }
    Ok(vault.is_some())
}

/// Makes the key where there is none, unless the database was used with one before: a new
/// one in its place would look as if it were the right one.
pub(super) async fn first(
    settings: &Settings,
    control: &Db,
    env: &Env,
) -> anyhow::Result<[u8; 32]> {
    let folder = &settings.data.dir;
    let is_known = installation::has_another_key(control, None)
        .await
        .map_err(|error| reach(settings, error))?;
    if is_known {
        // Another process may have made it just now.
        return keys::look("", folder)?.ok_or_else(|| missing(settings));
    }
    keys::make(folder, env)
}

/// What is told when the databases were used with a key and there is none.
fn missing(settings: &Settings) -> anyhow::Error {
    anyhow::anyhow!(
        "the master key {} is missing, and without it nothing sealed in this database could be read; put it back from your backup, or set security.master_key",
        settings.data.dir.join(keys::FILE).display()
    )
}

/// What is told when the databases were first used with another key.
pub(super) fn another(settings: &Settings) -> anyhow::Error {
    anyhow::anyhow!(
        "the master key is not the one that this database was first used with, so nothing sealed in it could be read; set security.master_key, or put the right {} back from your backup",
        settings.data.dir.join(keys::FILE).display()
    )
}
