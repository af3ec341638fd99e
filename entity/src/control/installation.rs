//! What all processes on this database have to agree on.

use sea_orm::entity::prelude::*;
use types::Timestamp;

/// What all processes on this database have to agree on.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Proves that a process has the right master key and tells nothing of it.
    pub key_check: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
