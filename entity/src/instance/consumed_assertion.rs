//! Assertions that were exchanged, so that none is exchanged twice.

use sea_orm::entity::prelude::*;
use types::Timestamp;

/// One row: one assertion id, kept until the assertion would have expired anyway.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consumed_assertion")]
pub struct Model {
    /// SHA-256 of issuer and `jti`, hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// From when the row may go.
    pub expires_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
