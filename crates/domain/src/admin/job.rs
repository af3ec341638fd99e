//! Background work of all queues that this process sees, for operators.

use std::{cmp::Reverse, collections::BTreeMap};

use jobs::{JobFilter, Queue};
use types::{
    JobId,
    jobs::{JobCounts, JobPage, JobState, JobView},
    portal::Scope,
};

use crate::{Error, Result, actor::Actor, stack::RECONCILE};

/// Most jobs that one page shows.
const PAGE: usize = 100;

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

    /// A page of the jobs in this state, newest first, that are older than `before`. Without
    /// a state it leaves out the [`RECONCILE`] jobs that succeeded: a schedule makes so many
    /// that nothing else would be seen.
    ///
    /// # Errors
    /// `forbidden` unless operator; `not_found` when `before` is no job that is kept.
    pub async fn list(
        &self,
        actor: &Actor,
        state: Option<JobState>,
        before: Option<JobId>,
    ) -> Result<JobPage> {
        actor.require_operator(Scope::Read)?;
        if let Some(id) = before {
            self.must_be_kept(id).await?;
        }
        let filter = JobFilter {
            before,
            ..listed(state)
        };
        let mut jobs: Vec<JobView> = Vec::new();
        for queue in &self.queues {
            let newest = queue.list(&filter, PAGE as u64 + 1).await.map_err(failed)?;
            jobs.extend(newest.into_iter().map(JobView::from));
        }
        // By what `before` goes by: ids sort by time, whichever queue they are of.
        jobs.sort_by_key(|job| Reverse(job.id));
        let mut older = None;
        if jobs.len() > PAGE {
            jobs.truncate(PAGE);
            older = jobs.last().map(|job| job.id);
        }
        Ok(JobPage { jobs, older })
    }

    /// How many jobs are kept.
    ///
    /// # Errors
    /// `forbidden` unless operator.
    pub async fn counts(&self, actor: &Actor) -> Result<JobCounts> {
        actor.require_operator(Scope::Read)?;
        Ok(JobCounts {
            listed: self.count(&listed(None)).await?.into_values().sum(),
            states: self.states().await?,
        })
    }

    /// How many jobs are kept in each state that any is in.
    pub(crate) async fn states(&self) -> Result<BTreeMap<JobState, i64>> {
        self.count(&JobFilter::default()).await
    }

    async fn count(&self, filter: &JobFilter) -> Result<BTreeMap<JobState, i64>> {
        let mut all: BTreeMap<JobState, i64> = BTreeMap::new();
        for queue in &self.queues {
            for (state, many) in queue.count(filter).await.map_err(failed)? {
                *all.entry(state).or_default() += many;
            }
        }
        Ok(all)
    }

    async fn must_be_kept(&self, id: JobId) -> Result<()> {
        for queue in &self.queues {
            match queue.get(id).await {
                Ok(_) => return Ok(()),
                Err(jobs::Error::NotFound(_)) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Error::not_found("job"))
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

/// What a list of this state, or of none, lets through.
fn listed(state: Option<JobState>) -> JobFilter {
    JobFilter {
        state,
        without_succeeded: state.is_none().then(|| RECONCILE.to_owned()),
        ..JobFilter::default()
    }
}

fn failed(error: jobs::Error) -> Error {
    match error {
        jobs::Error::Database(error) => Error::Database(error),
        other => Error::internal("ask the job queue", other),
    }
}
