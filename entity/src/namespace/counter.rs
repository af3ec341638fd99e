//! Numbers that are given once, e.g. those of runs.

use sea_orm::entity::prelude::*;

/// One row: the last number that was given of one kind.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "counter")]
pub struct Model {
    /// What is numbered, e.g. `run`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The last number.
    pub value: i32,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
