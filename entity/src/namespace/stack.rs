//! A stack: one specification with its revisions, runs and state.

use sea_orm::entity::prelude::*;
use types::{MemberId, StackId, Timestamp, stack::StackStatus};

/// One row: one stack.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stack")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StackId,
    /// Its name, unique in the tenant.
    pub name: String,
    /// Who made it.
    pub owner: MemberId,
    /// Name of its kit.
    pub kit: String,
    /// Version of the kit that the newest revision was checked with.
    pub kit_version: String,
    /// Where it stands, as observed.
    pub status: StackStatus,
    /// Number of the newest revision; 0 before the first.
    pub revision: i32,
    /// The revision that was last applied; `None` when nothing stands.
    pub applied_revision: Option<i32>,
    /// When that was.
    pub applied_at: Option<Timestamp>,
    /// Made by the sample data.
    pub sample: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
