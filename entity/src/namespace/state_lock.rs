//! The lock of a stack's state.

use sea_orm::entity::prelude::*;
use types::{RunId, StackId, Timestamp};

/// One row: the lock that is held now.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "state_lock")]
pub struct Model {
    /// The stack.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stack_id: StackId,
    /// OpenTofu's id of the lock.
    pub lock_id: String,
    /// The run that holds it.
    pub run_id: RunId,
    /// What OpenTofu said of it.
    pub info: Json,
    /// When it was taken.
    pub created_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
