//! A schedule and when it is due next.

use sea_orm::entity::prelude::*;

/// A schedule and when it is due next.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_schedule")]
pub struct Model {
    /// Its name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// The cron expression, in UTC.
    pub cron: String,
    /// When its next job is enqueued (ms).
    pub due_ms: i64,
    /// The due time (ms) of the job that it last enqueued.
    pub last_ms: Option<i64>,
}

/// No relations: the queue joins in its own SQL.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
