//! The one-time link that makes the first operator.

use sea_orm::entity::prelude::*;
use types::Timestamp;

/// The one-time link that makes the first operator.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "set_up_link")]
pub struct Model {
    /// SHA-256 of its secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub secret_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work.
    pub expires_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
