//! Where the databases are, and what is told when one cannot be used.

use std::fs;

use anyhow::Context as _;
use domain::db::{Db, Location};
use sea_orm::DbErr;

use super::LOCAL;
use crate::config::Settings;

const INSTANCE_CONNECTIONS: u32 = 10;

/// Opens and migrates the databases.
///
/// # Errors
/// When one cannot be reached.
pub async fn databases(settings: &Settings) -> anyhow::Result<(Db, Db)> {
    data_folder(settings)?;
    let (control, instance) = locations(settings);
    let control = Db::open(&control)
        .await
        .map_err(|error| reach(settings, error))?
        .measured("control");
    let instance = Db::open(&instance)
        .await
        .map_err(|error| reach(settings, error))?
        .measured("instance");
    migration::up::<migration::control::Migrator>(control.write())
        .await
        .map_err(|error| reach(settings, error))?;
    migration::up::<migration::instance::Migrator>(instance.write())
        .await
        .map_err(|error| reach(settings, error))?;
    Ok((control, instance))
}

/// Opens and migrates the databases that were made before.
///
/// # Errors
/// When there are none, and then makes none; when one cannot be reached.
pub async fn existing(settings: &Settings) -> anyhow::Result<(Db, Db)> {
    if look(settings).await?.is_none() {
        return Err(if settings.database.url.is_empty() {
            anyhow::anyhow!(
                "there is no kombify in {}; name its data folder with --data-dir (setting data.dir)",
                settings.data.dir.display()
            )
        } else {
            anyhow::anyhow!(
                "there is no kombify in the database at {}; name the right one by the setting database.url",
                settings.database.host()
            )
        });
    }
    databases(settings).await
}

/// Makes the data folder; one that is there stays as it is.
pub(super) fn data_folder(settings: &Settings) -> anyhow::Result<()> {
    let folder = &settings.data.dir;
    fs::create_dir_all(folder).with_context(|| {
        format!(
            "the data folder {} cannot be made; set data.dir to one that kombify may write",
            folder.display()
        )
    })
}

/// The databases as they are, without a change to them.
pub struct Found {
    /// What keeps them, with its version.
    pub product: String,
    /// How many steps they lack.
    pub missing_steps: usize,
    pub(super) control: Db,
}

/// Looks for the databases; `None` when there are none yet. Makes nothing.
///
/// # Errors
/// When one cannot be reached.
pub async fn look(settings: &Settings) -> anyhow::Result<Option<Found>> {
    let (control, instance) = locations(settings);
    find(&control, &instance)
        .await
        .map_err(|error| reach(settings, error))
}

async fn find(control: &Location, instance: &Location) -> Result<Option<Found>, DbErr> {
    let Some(control) = Db::find(control).await? else {
        return Ok(None);
    };
    let Some(instance) = Db::find(instance).await? else {
        return Ok(None);
    };
    let of_control = migration::missing::<migration::control::Migrator>(control.read()).await?;
    let of_instance = migration::missing::<migration::instance::Migrator>(instance.read()).await?;
    Ok(Some(Found {
        product: control.product().await?,
        missing_steps: of_control + of_instance,
        control,
    }))
}

/// What is told of databases that cannot be used, with where they are.
pub(super) fn reach(settings: &Settings, error: impl std::fmt::Display) -> anyhow::Error {
    if settings.database.url.is_empty() {
        let folder = settings.data.dir.display();
        let text = error.to_string();
        if [
            "readonly",
            "Read-only",
            "Permission denied",
            "unable to open",
        ]
        .iter()
        .any(|word| text.contains(word))
        {
            return anyhow::anyhow!(
                "the SQLite files in {folder} may not be written ({error}); give the user of kombify the right to, or choose another folder by data.dir"
            );
        }
        return anyhow::anyhow!("the SQLite files in {folder} cannot be used: {error}");
    }
    anyhow::anyhow!(
        "the PostgreSQL server at {} (setting database.url) cannot be used: {error}",
        settings.database.host()
    )
}

fn locations(settings: &Settings) -> (Location, Location) {
    if settings.database.url.is_empty() {
        let folder = &settings.data.dir;
        return (
            Location::Sqlite(folder.join("control.db")),
            Location::Sqlite(folder.join("instances").join(LOCAL).join("instance.db")),
        );
    }
    let schema = |schema: &str, connections| Location::Postgres {
        url: settings.database.url.clone(),
        schema: schema.to_owned(),
        connections,
    };
    (
        schema("control", settings.database.connections),
        schema("instance_local", INSTANCE_CONNECTIONS),
    )
}
