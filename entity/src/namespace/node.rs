//! A node of a stack, as the last applied document names it.

use sea_orm::entity::prelude::*;
use types::{
    NodeId, StackId, Timestamp,
    stack::{NodeStatus, NodeType},
};

/// One row: one node.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "node")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NodeId,
    /// The stack.
    pub stack_id: StackId,
    /// Its name, unique in the stack.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its role in the stack.
    pub role: String,
    /// What it is.
    pub kind: NodeType,
    /// Processors, as specified.
    pub cpu: i32,
    /// Memory in MiB, as specified.
    pub memory_mib: i32,
    /// What was last observed.
    pub status: NodeStatus,
    /// When an agent last reported, if ever.
    pub last_seen: Option<Timestamp>,
    /// When an apply last rendered its configuration.
    pub configured_at: Option<Timestamp>,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
