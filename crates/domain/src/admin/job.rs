//! Background work of all queues that this process sees, for operators.

use jobs::{JobFilter, Queue};
use types::{jobs::JobView, portal::Scope};

use crate::{Error, Result, actor::Actor};

const SHOWN: u64 = 100;

/// Background work.
#[derive(Clone)]
pub struct Jobs {
    queues: Vec<Queue>,
}

/// How much waits.
pub(crate) struct Waiting {
    pub(crate) queued: i64,
    pub(crate) running: i64,
    pub(crate) oldest_ms: Option<i64>,
}

impl Jobs {
    pub(crate) fn new(queues: Vec<Queue>) -> Self {
        Self { queues }
    }

    /// The newest jobs, newest first.
    ///
    /// # Errors
    /// `forbidden` unless operator.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<JobView>> {
        actor.require_operator(Scope::Read)?;
        let mut jobs: Vec<JobView> = Vec::new();
        for queue in &self.queues {
            let listed = queue
                .list(&JobFilter::default(), SHOWN)
                .await
                .map_err(failed)?;
            jobs.extend(listed.into_iter().map(JobView::from));
        }
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
        jobs.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
        Ok(jobs)
    }

    pub(crate) async fn waiting(&self) -> Result<Waiting> {
        let mut waiting = Waiting {
            queued: 0,
            running: 0,
            oldest_ms: None,
        };
        for queue in &self.queues {
            let stats = queue.stats().await.map_err(failed)?;
            waiting.queued += stats.waiting;
            waiting.running += stats.running;
            if stats.waiting > 0 {
                waiting.oldest_ms = waiting.oldest_ms.max(Some(stats.oldest_ms));
            }
        }
        Ok(waiting)
    }
}

fn failed(error: jobs::Error) -> Error {
    match error {
        jobs::Error::Database(error) => Error::Database(error),
        other => Error::internal("ask the job queue", other),
    }
}
