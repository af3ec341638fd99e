//! A back-channel logout that was taken; each is taken once.

use sea_orm::entity::prelude::*;
use types::Timestamp;

/// A back-channel logout that was taken; each is taken once.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "logout_notice")]
pub struct Model {
    /// `iss` and `jti`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// When it was taken.
    pub at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
