//! A line of a run's log.

use sea_orm::entity::prelude::*;
use types::{RunId, Timestamp};

/// One row: one line, numbered through all jobs of the run.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run_log")]
pub struct Model {
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub run_id: RunId,
    /// Its number in the run, from 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// When it was written.
    pub at: Timestamp,
    /// `info`, `warn` or `error`.
    pub level: String,
    /// What it is about; may be empty.
    pub source: String,
    /// The text, secrets masked.
    pub line: String,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
