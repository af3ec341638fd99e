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
    let ours = hex::encode(vault.key_for("check of the master key"));
    installation::Entity::insert(installation::ActiveModel {
        id: Set(ID),
        key_check: Set(ours.clone()),
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
    Ok(known.key_check.as_bytes().ct_eq(ours.as_bytes()).into())
}
