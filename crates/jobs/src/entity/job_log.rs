//! One line of a job's log.

use sea_orm::entity::prelude::*;
use types::{JobId, Timestamp, jobs::LogLine};

/// One line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_log")]
pub struct Model {
    /// The job.
    #[sea_orm(primary_key, auto_increment = false)]
    pub job_id: JobId,
    /// Its number within the job, from 1, without gaps.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// When it was written (ms).
    pub at_ms: i64,
    /// `info`, `warn` or `error`.
    pub level: String,
    /// What it is about; may be empty.
    pub source: String,
    /// The text.
    pub line: String,
}

impl From<Model> for LogLine {
    fn from(model: Model) -> Self {
        let Model {
            job_id: _,
            seq,
            at_ms,
            level,
            source,
            line,
        } = model;
        Self {
            seq,
            at: Timestamp(at_ms),
            level,
            source,
            line,
        }
    }
}

/// No relations: the queue joins in its own SQL.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
