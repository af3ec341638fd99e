//! A version of a stack's OpenTofu state.

use sea_orm::entity::prelude::*;
use types::{RunId, StackId, Timestamp};

/// One row: one version, sealed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tofu_state")]
pub struct Model {
    /// The stack.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stack_id: StackId,
    /// Its number in the stack, from 1; the highest one holds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// OpenTofu's serial; never falls within a lineage.
    pub serial: i64,
    /// OpenTofu's lineage.
    pub lineage: String,
    /// SHA-256 of the state, hexadecimal.
    pub digest: String,
    /// How many resources it holds.
    pub resources: i32,
    /// The state, encrypted.
    pub sealed: Vec<u8>,
    /// The run that wrote it.
    pub run_id: RunId,
    /// When it was written.
    pub created_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
