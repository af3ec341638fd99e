//! Background work as people see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{JobId, Timestamp, string_enum::string_enum};

string_enum! {
    /// Where a job stands.
    JobState {
        Queued = "QUEUED",
        Running = "RUNNING",
        Succeeded = "SUCCEEDED",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
        /// All attempts are used up.
        Dead = "DEAD",
    }
}

/// One line that a job wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// Its number within the job, from 1, without gaps.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// `info`, `warn` or `error`.
    pub level: String,
    /// What it is about, e.g. a node's name; may be empty.
    pub source: String,
    /// The text.
    pub line: String,
}

/// A job as operators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What it does, e.g. `stack.apply`.
    pub kind: String,
    /// The tenant's slug, when it works for one.
    pub tenant: Option<String>,
    /// Where it stands.
    pub state: JobState,
    /// How often it was started.
    pub attempt: i32,
    /// How often it may be started.
    pub max_attempts: i32,
    /// Why it failed, when it did.
    pub error: Option<String>,
    /// When it was put into the queue.
    pub created_at: Timestamp,
    /// When its latest attempt started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A page of jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobPage {
    /// Its jobs, newest first.
    pub jobs: Vec<JobView>,
    /// The job before which the list goes on; none when there are no older ones.
    pub older: Option<JobId>,
}

/// How many jobs are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    /// Those that are listed where no state is asked for.
    pub listed: i64,
    /// In each state that any is in.
    pub states: BTreeMap<JobState, i64>,
}
