//! How many jobs of one tenant or with one concurrency key run now.

use sea_orm::entity::prelude::*;

/// How many jobs of one tenant or with one concurrency key run now. The row is
/// locked to change it, so that limits hold where a count would race.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_slot")]
pub struct Model {
    /// `tenant:<tenant>` or `key:<concurrency key>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// How many run.
    pub running: i32,
    /// How many of the tenant's jobs may run at once; none: the queue's default.
    pub max_running: Option<i32>,
    /// The tenant's share in relation to others; 1 is usual.
    pub weight: i32,
    /// When the tenant last had its turn; larger is later.
    pub turn: i64,
}

/// No relations: the queue joins in its own SQL.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
