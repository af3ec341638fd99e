//! What must not lie readable in a database, e.g. plan files.

use sea_orm::entity::prelude::*;
use types::Timestamp;

/// One row: one sealed value.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "secret")]
pub struct Model {
    /// What it is and of what, e.g. `run/<id>/plan`; sealed for this name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The value, encrypted.
    pub sealed: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
