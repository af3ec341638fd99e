//! What a start says of the master key, told without a start.

use domain::{env::Env, installation, vault::Vault};

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
            Ok(true) => return Err(another(settings)),
            // Those of an earlier version may not know of keys.
            Err(_) if found.missing_steps > 0 => {}
            Err(error) => return Err(reach(settings, error)),
        }
    }
    Ok(vault.is_some())
}

/// What is told when the databases were first used with another key.
pub(super) fn another(settings: &Settings) -> anyhow::Error {
    anyhow::anyhow!(
        "the master key is not the one that this database was first used with, so nothing sealed in it could be read; set security.master_key, or put the right {} back from your backup",
        settings.data.dir.join(keys::FILE).display()
    )
}
