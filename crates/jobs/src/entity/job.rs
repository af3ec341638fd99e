//! A job.

use sea_orm::entity::prelude::*;
use types::{
    JobId, Timestamp,
    jobs::{JobState, JobView},
};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// Its id; ids of one process sort in the order of enqueueing.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// For whom it works: the tenant's slug or id; empty for the platform itself.
    pub tenant: String,
    /// Which handler runs it, e.g. `stack.apply`.
    pub kind: String,
    /// JSON for the handler.
    pub payload: String,
    /// Higher runs earlier within its tenant; 0 is usual.
    pub priority: i32,
    /// It does not start before this time (ms).
    pub run_at_ms: i64,
    /// Where it stands.
    pub state: JobState,
    /// How often it was started.
    pub attempt: i32,
    /// How often it may be started.
    pub max_attempts: i32,
    /// The secret of the attempt that runs; a new one with each claim.
    pub lease_token: Option<Uuid>,
    /// After this time (ms) the attempt counts as dead.
    pub lease_until_ms: Option<i64>,
    /// The name of the worker that has it, or had it last.
    pub worker: Option<String>,
    /// Whether somebody asked it to stop.
    pub cancel_requested: CancelRequest,
    /// Jobs with the same key share a limit.
    pub concurrency_key: Option<String>,
    /// How many jobs with that key may run at once.
    pub concurrency_limit: i32,
    /// Unique within the tenant: enqueueing the same key again makes no second job.
    pub idempotency_key: Option<String>,
    /// JSON that the handler last reported.
    pub progress: Option<String>,
    /// JSON that the handler answered with when it was done.
    pub result: Option<String>,
    /// Why the latest attempt failed.
    pub error: Option<String>,
    /// The number of its latest log line.
    pub log_seq: i64,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// The W3C `traceparent` of the span that caused it.
    pub trace_parent: Option<String>,
    /// When it was enqueued (ms).
    pub created_ms: i64,
    /// When its latest attempt started (ms).
    pub started_ms: Option<i64>,
    /// When it ended (ms).
    pub finished_ms: Option<i64>,
}

/// Whether somebody asked a job to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i32", db_type = "Integer")]
pub enum CancelRequest {
    /// Nobody did.
    #[sea_orm(num_value = 0)]
    None,
    /// It is to stop.
    #[sea_orm(num_value = 1)]
    Cancel,
    /// It was ended whatever its worker does.
    #[sea_orm(num_value = 2)]
    Force,
}

impl Model {
    /// For whom it works; none for the platform itself.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        Some(self.tenant.as_str()).filter(|tenant| !tenant.is_empty())
    }

    /// It has ended and will not run again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        !matches!(self.state, JobState::Queued | JobState::Running)
    }
}

impl From<Model> for JobView {
    fn from(job: Model) -> Self {
        let tenant = job.tenant().map(ToOwned::to_owned);
        let Model {
            id,
            tenant: _,
            kind,
            payload: _,
            priority: _,
            run_at_ms: _,
            state,
            attempt,
            max_attempts,
            lease_token: _,
            lease_until_ms: _,
            worker: _,
            cancel_requested: _,
            concurrency_key: _,
            concurrency_limit: _,
            idempotency_key: _,
            progress: _,
            result: _,
            error,
            log_seq: _,
            request_id: _,
            trace_parent: _,
            created_ms,
            started_ms,
            finished_ms,
        } = job;
        Self {
            id,
            kind,
            tenant,
            state,
            attempt,
            max_attempts,
            error,
            created_at: Timestamp(created_ms),
            started_at: started_ms.map(Timestamp),
            finished_at: finished_ms.map(Timestamp),
        }
    }
}

/// No relations: the queue joins in its own SQL.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
