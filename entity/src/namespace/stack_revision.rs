//! A revision of a stack's specification.

use sea_orm::entity::prelude::*;
use types::{RevisionId, StackId, Timestamp};

/// One row: one text as it was saved, with what CUE said of it then.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "stack_revision")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RevisionId,
    /// The stack.
    pub stack_id: StackId,
    /// Its number in the stack, from 1; unique there.
    pub number: i32,
    /// The text.
    pub yaml: String,
    /// Version of the kit that it was checked with.
    pub kit_version: String,
    /// Whether it may be planned.
    pub valid: bool,
    /// A `types::stack::SpecificationCheck`.
    pub check: Json,
    /// Who saved it, by name.
    pub author: String,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
