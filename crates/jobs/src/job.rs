//! What is put into the queue, what a worker gets, and what it answers.

use std::time::Duration;

use serde_json::Value;
use types::{JobId, Timestamp};
use uuid::Uuid;

use crate::{Error, Job};

/// A job to enqueue.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    pub(crate) kind: String,
    pub(crate) payload: Value,
    pub(crate) tenant: String,
    pub(crate) priority: i32,
    pub(crate) run_at: Option<Timestamp>,
    pub(crate) max_attempts: i32,
    pub(crate) concurrency_key: Option<String>,
    pub(crate) concurrency_limit: i32,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) trace_parent: Option<String>,
}

impl NewJob {
    /// A job for the handler of this kind. It belongs to the platform, runs as soon
    /// as possible and has 5 attempts.
    #[must_use]
    pub fn new(kind: impl Into<String>, payload: Value) -> Self {
        Self {
            kind: kind.into(),
            payload,
            tenant: String::new(),
            priority: 0,
            run_at: None,
            max_attempts: 5,
            concurrency_key: None,
            concurrency_limit: 1,
            idempotency_key: None,
            request_id: None,
            trace_parent: None,
        }
    }

    /// It works for this tenant (slug or id).
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Higher runs earlier among the tenant's jobs; 0 is usual.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// It does not start before this time.
    #[must_use]
    pub fn run_at(mut self, at: Timestamp) -> Self {
        self.run_at = Some(at);
        self
    }

    /// How often it may be started, at least 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: i32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// At most `limit` (at least 1) jobs with this key run at once, in every tenant
    /// and on every worker.
    #[must_use]
    pub fn concurrency(mut self, key: impl Into<String>, limit: i32) -> Self {
        self.concurrency_key = Some(key.into());
        self.concurrency_limit = limit;
        self
    }

    /// Enqueueing the same key for the same tenant again answers with the first job.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The request that causes it, for the log.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// The W3C `traceparent` of the span that causes it; that of the span in which it
    /// is enqueued when nothing else is said.
    #[must_use]
    pub fn trace_parent(mut self, trace_parent: impl Into<String>) -> Self {
        self.trace_parent = Some(trace_parent.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let problem = if self.kind.is_empty() {
            "A job needs a kind."
        } else if self.max_attempts < 1 {
            "A job needs at least one attempt."
        } else if self.concurrency_limit < 1 {
            "A concurrency limit is at least 1."
        } else {
            return Ok(());
        };
        Err(Error::Invalid(problem.to_owned()))
    }
}

/// The right of one attempt to work on its job. It ends when the attempt does, when
/// it is not renewed in time, or when the job is cancelled by force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(crate) job: JobId,
    pub(crate) token: Uuid,
}

impl Lease {
    /// The job.
    #[must_use]
    pub fn job(&self) -> JobId {
        self.job
    }
}

/// A job that this worker has now.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The job as it stood at the claim; `attempt` counts this one.
    pub job: Job,
    /// The right to work on it.
    pub lease: Lease,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The work is done; the JSON is kept as the job's result.
    Done(Value),
    /// It did not work out this time. The job runs again, or is dead when this was
    /// its last attempt.
    Retry {
        /// After this long; none: by the queue's back-off.
        after: Option<Duration>,
        /// One sentence.
        why: String,
    },
    /// It will never work out, for this reason. The job does not run again.
    Fail(String),
    /// The work was stopped because it was asked to.
    Cancelled,
}

impl Outcome {
    /// Another attempt after the queue's back-off.
    #[must_use]
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry {
            after: None,
            why: why.into(),
        }
    }
}

/// How grave a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It goes on as planned.
    Info,
    /// Somebody may want to look.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// `info`, `warn` or `error`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A log line to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// When it came up.
    pub at: Timestamp,
    /// How grave it is.
    pub level: Level,
    /// What it is about, e.g. a node's name; may be empty.
    pub source: String,
    /// The text.
    pub line: String,
}
