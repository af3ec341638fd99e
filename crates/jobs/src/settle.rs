//! How an attempt ends: it finished, was released, was cancelled, or its lease ran
//! out. All ways out of `RUNNING` go through [`leave`], so that the job, its log and
//! its counters change together.

use sea_orm::{ConnectionTrait, DatabaseTransaction};
use tracing::{info, warn};
use types::{JobId, Timestamp, jobs::JobState};

use crate::{
    CancelRequest, Error, Job, Lease, Level, NewLine, Outcome, Queue, clock::millis, lease::append,
    listen, signal::Signal, slot, sql,
};

/// What a job becomes.
struct Exit {
    state: JobState,
    attempt: i32,
    run_at_ms: i64,
    result: Option<String>,
    error: Option<String>,
    cancel_requested: CancelRequest,
    /// What the queue itself says about it in the job's log.
    line: Option<(Level, String)>,
}

impl Exit {
    fn new(job: &Job, state: JobState) -> Self {
        Self {
            state,
            attempt: job.attempt,
            run_at_ms: job.run_at_ms,
            result: None,
            error: None,
            cancel_requested: job.cancel_requested,
            line: None,
        }
    }
}

impl Queue {
    /// Ends the attempt; answers with the job's state now. A retry becomes `QUEUED`,
    /// or `DEAD` after the last attempt. When somebody asked the job to stop, only
    /// `Done` still counts; everything else becomes `CANCELLED`.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Database`]; nothing changed then.
    pub async fn finish(&self, lease: &Lease, outcome: Outcome) -> Result<JobState, Error> {
        let tx = sql::begin_write(self.database()).await?;
        let job = leased(&tx, lease).await?;
        let exit = self.exit_after(&job, outcome);
        let state = exit.state;
        self.leave(&tx, &job, exit).await?;
        tx.commit().await?;
        self.announce(job.id);
        info!(job.id = %job.id, job.kind = job.kind, job.attempt = job.attempt, job.state = %state, "attempt ended");
        Ok(state)
    }

    /// Hands the job back as if it had not been started: the attempt does not count.
    /// For a worker that stops. When somebody asked the job to stop, it is
    /// `CANCELLED` instead.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], [`Error::Database`].
    pub async fn release(&self, lease: &Lease) -> Result<JobState, Error> {
        let tx = sql::begin_write(self.database()).await?;
        let job = leased(&tx, lease).await?;
        let exit = if job.cancel_requested == CancelRequest::None {
            let line = "The worker stops; the job is handed back and runs again.";
            Exit {
                attempt: job.attempt - 1,
                line: Some((Level::Info, line.to_owned())),
                ..Exit::new(&job, JobState::Queued)
            }
        } else {
            Exit::new(&job, JobState::Cancelled)
        };
        let state = exit.state;
        self.leave(&tx, &job, exit).await?;
        tx.commit().await?;
        self.announce(job.id);
        info!(job.id = %job.id, job.kind = job.kind, job.state = %state, "released");
        Ok(state)
    }

    /// Asks a job to stop; answers with its state now. A queued job is `CANCELLED`
    /// at once. A running one is asked, and stays `RUNNING` until it answers; with
    /// `force` it is `CANCELLED` at once and its worker loses the lease. A job that
    /// is over stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Database`].
    pub async fn cancel(&self, id: JobId, force: bool) -> Result<JobState, Error> {
        let tx = sql::begin_write(self.database()).await?;
        let lock = sql::for_update(tx.get_database_backend());
        let select = format!("SELECT * FROM job WHERE id = $1{lock}");
        let job: Job = sql::fetch(&tx, select, [id.into()])
            .await?
            .ok_or(Error::NotFound(id))?;
        let request = if force {
            CancelRequest::Force
        } else {
            CancelRequest::Cancel
        };
        let state = match job.state {
            JobState::Running if !force => {
                let ask = "UPDATE job SET cancel_requested = $2 WHERE id = $1";
                sql::execute(&tx, ask, [id.into(), request.into()]).await?;
                listen::notify(&tx, Some(id)).await?;
                job.state
            }
            JobState::Queued | JobState::Running => {
                let exit = Exit {
                    cancel_requested: request,
                    line: force.then(|| (Level::Warn, "Cancelled by force.".to_owned())),
                    ..Exit::new(&job, JobState::Cancelled)
                };
                self.leave(&tx, &job, exit).await?;
                JobState::Cancelled
            }
            over => over,
        };
        tx.commit().await?;
        self.announce(id);
        info!(job.id = %id, job.kind = job.kind, job.state = %state, force, "cancel requested");
        Ok(state)
    }

    /// Takes back jobs whose lease ran out, and answers how many: they run again, or
    /// are `DEAD` after the last attempt, or `CANCELLED` when that was asked for.
    /// [`claim`](Self::claim) does it first of all, so workers need not call it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn reclaim_expired(&self) -> Result<u64, Error> {
        const EXPIRED: &str = "FROM job WHERE state = 'RUNNING' AND lease_until_ms < $1";
        let mut reclaimed = 0;
        let now_ms = self.now_ms();
        // Look without a lock: nearly always there is nothing.
        let probe = format!("SELECT id {EXPIRED} LIMIT 1");
        let probe = sql::statement(self.reader(), probe, [now_ms.into()]);
        if self.reader().query_one_raw(probe).await?.is_none() {
            return Ok(reclaimed);
        }
        loop {
            // One job to a transaction: two would lock their counters out of order.
            let tx = sql::begin_write(self.database()).await?;
            let lock = sql::for_update_skip_locked(tx.get_database_backend());
            let select = format!("SELECT * {EXPIRED} ORDER BY lease_until_ms LIMIT 1{lock}");
            let Some(job) = sql::fetch::<Job>(&tx, select, [now_ms.into()]).await? else {
                tx.rollback().await?;
                return Ok(reclaimed);
            };
            let exit = exit_expired(&job, now_ms);
            let state = exit.state;
            self.leave(&tx, &job, exit).await?;
            tx.commit().await?;
            self.announce(job.id);
            metrics::counter!("kombify_jobs_reclaimed_total", "queue" => self.name().to_owned(), "kind" => job.kind.clone())
                .increment(1);
            warn!(
                job.id = %job.id, job.kind = job.kind, job.attempt = job.attempt, job.state = %state,
                worker = job.worker, "the lease ran out"
            );
            reclaimed += 1;
        }
    }

    fn exit_after(&self, job: &Job, outcome: Outcome) -> Exit {
        let asked = job.cancel_requested != CancelRequest::None;
        match outcome {
            Outcome::Done(result) => Exit {
                result: Some(result.to_string()),
                ..Exit::new(job, JobState::Succeeded)
            },
            Outcome::Cancelled => Exit::new(job, JobState::Cancelled),
            Outcome::Retry { why, .. } | Outcome::Fail(why) if asked => Exit {
                error: Some(why),
                ..Exit::new(job, JobState::Cancelled)
            },
            Outcome::Fail(why) => Exit {
                error: Some(why),
                ..Exit::new(job, JobState::Failed)
            },
            Outcome::Retry { why, .. } if job.attempt >= job.max_attempts => Exit {
                error: Some(why),
                ..Exit::new(job, JobState::Dead)
            },
            Outcome::Retry { after, why } => {
                let backoff = self.options().backoff;
                let after = after.unwrap_or_else(|| backoff.delay(job.attempt, self.entropy()));
                Exit {
                    run_at_ms: self.now_ms().saturating_add(millis(after)),
                    error: Some(why),
                    ..Exit::new(job, JobState::Queued)
                }
            }
        }
    }

    /// Writes what the job becomes. The caller has locked it.
    async fn leave(&self, tx: &DatabaseTransaction, job: &Job, exit: Exit) -> Result<(), Error> {
        let Exit {
            state,
            attempt,
            run_at_ms,
            result,
            error,
            cancel_requested,
            line,
        } = exit;
        let now_ms = self.now_ms();
        let over = state != JobState::Queued;
        let set =
            "UPDATE job SET state = $2, attempt = $3, run_at_ms = $4, result = $5, error = $6,
                 cancel_requested = $7, finished_ms = $8, lease_token = NULL, lease_until_ms = NULL
             WHERE id = $1";
        let values = [
            job.id.into(),
            state.into(),
            attempt.into(),
            run_at_ms.into(),
            result.into(),
            error.map(|error| sql::storable(&error)).into(),
            cancel_requested.into(),
            over.then_some(now_ms).into(),
        ];
        sql::execute(tx, set, values).await?;
        if let Some((level, line)) = line {
            let line = NewLine {
                at: Timestamp(now_ms),
                level,
                source: "queue".to_owned(),
                line,
            };
            append(tx, job.id, job.log_seq, vec![line]).await?;
        }
        if job.state == JobState::Running {
            slot::vacate(tx, job).await?;
            if job.concurrency_key.is_some() {
                // The next job with this key probably waits for just that.
                listen::notify(tx, None).await?;
            }
        }
        Ok(listen::notify(tx, Some(job.id)).await?)
    }

    /// Wakes up those in this process who wait for the job or for room.
    fn announce(&self, job: JobId) {
        self.signals().job(Signal::Changed(job));
        self.signals().work();
    }
}

fn exit_expired(job: &Job, now_ms: i64) -> Exit {
    let worker = job.worker.as_deref().unwrap_or("?");
    let why = format!("Worker {worker} stopped reporting.");
    if job.cancel_requested != CancelRequest::None {
        return Exit {
            line: Some((Level::Warn, why.clone())),
            error: Some(why),
            ..Exit::new(job, JobState::Cancelled)
        };
    }
    let (state, what) = if job.attempt >= job.max_attempts {
        (JobState::Dead, "It was the last attempt.")
    } else {
        (JobState::Queued, "The job runs again.")
    };
    Exit {
        run_at_ms: now_ms,
        line: Some((Level::Warn, format!("{why} {what}"))),
        error: Some(why),
        ..Exit::new(job, state)
    }
}

/// The job of this lease, locked.
async fn leased(tx: &DatabaseTransaction, lease: &Lease) -> Result<Job, Error> {
    let lock = sql::for_update(tx.get_database_backend());
    let select =
        format!("SELECT * FROM job WHERE id = $1 AND lease_token = $2 AND state = 'RUNNING'{lock}");
    sql::fetch(tx, select, [lease.job.into(), lease.token.into()])
        .await?
        .ok_or(Error::LeaseLost(lease.job))
}
