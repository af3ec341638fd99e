//! What all processes on one control database have to agree on: the master key.

use entity::control::installation;
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use subtle::ConstantTimeEq;

use crate::{Error, Result, db::Db, env::Env, vault::Vault};

/// The one row.
const ID: i32 = 1;

/// Whether this vault's key is the one that the database was first used with; the first
/// process decides. With another key nothing sealed could be read, and what one process
/// signs the next would refuse.
///
/// # Errors
/// When the database fails.
pub async fn has_key(db: &Db, vault: &Vault, env: &Env) -> Result<bool> {
    installation::Entity::insert(installation::ActiveModel {
        id: Set(ID),
        key_check: Set(key_check(vault)),
        created_at: Set(env.now()),
    })
    .on_conflict(
        OnConflict::column(installation::Column::Id)
            .do_nothing()
            .to_owned(),
    )
    .exec_without_returning(db.write())
    .await?;
    let known = installation::Entity::find_by_id(ID)
        .one(db.write())
        .await?
        .ok_or_else(|| Error::internal("read the installation", "the row is gone"))?;
    Ok(is_key_of(vault, &known))
}

/// Whether the database was first used with another key than this vault's, or with any
/// where there is no vault. Decides and changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn has_another_key(db: &Db, vault: Option<&Vault>) -> Result<bool> {
    let known = installation::Entity::find_by_id(ID).one(db.read()).await?;
    Ok(known.is_some_and(|known| vault.is_none_or(|vault| !is_key_of(vault, &known))))
}

fn is_key_of(vault: &Vault, known: &installation::Model) -> bool {
    let ours = key_check(vault);
    known.key_check.as_bytes().ct_eq(ours.as_bytes()).into()
}

fn key_check(vault: &Vault) -> String {
    hex::encode(vault.key_for("check of the master key"))
}
