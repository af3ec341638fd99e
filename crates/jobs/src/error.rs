//! What can go wrong.

use sea_orm::DbErr;
use types::JobId;

/// What the queue answers when it cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database failed.
    #[error("the job queue's database failed: {0}")]
    Database(#[from] DbErr),
    /// Somebody else has the job now, or it is over. Stop working on it.
    #[error("the lease of job {0} is lost")]
    LeaseLost(JobId),
    /// There is no such job.
    #[error("there is no job {0}")]
    NotFound(JobId),
    /// A job's payload, progress or result is not what it should be.
    #[error("the JSON of job {job} does not fit: {source}")]
    Json {
        /// The job.
        job: JobId,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// A new job, a tenant's share or a schedule is not possible; one sentence.
    #[error("{0}")]
    Invalid(String),
}
