//! Jobs by the calendar: cron expressions, each due time once.

use std::{str::FromStr as _, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use croner::Cron;
use sea_orm::{ConnectionTrait, EntityTrait};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use types::{JobId, Timestamp};

use crate::{Error, NewJob, Queue, entity::job_schedule, sql};

/// Enqueues jobs when their schedules are due. Run one in every process that has
/// workers: together they enqueue one job for each due time.
#[derive(Clone)]
pub struct Scheduler {
    queue: Queue,
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    name: String,
    expression: String,
    cron: Cron,
    job: Arc<dyn Fn(Timestamp) -> NewJob + Send + Sync>,
}

impl Scheduler {
    /// Looks for due schedules this often.
    const PERIOD: Duration = Duration::from_secs(1);

    /// A scheduler without schedules.
    #[must_use]
    pub fn new(queue: Queue) -> Self {
        Self {
            queue,
            entries: Vec::new(),
        }
    }

    /// Adds a schedule: a cron expression of five fields, or six with seconds first,
    /// in UTC (syntax of croner, e.g. `*/5 * * * *`). `job` makes the job for a due
    /// time; its idempotency key is set by the scheduler. Times that passed while
    /// nothing ran are made up for by one job, not by one each.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the expression cannot be read.
    pub fn every(
        mut self,
        name: impl Into<String>,
        cron: &str,
        job: impl Fn(Timestamp) -> NewJob + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let name = name.into();
        let parsed = Cron::from_str(cron).map_err(|error| {
            Error::Invalid(format!(
                "The schedule {name} has no valid cron expression \"{cron}\": {error}."
            ))
        })?;
        self.entries.push(Entry {
            name,
            expression: cron.to_owned(),
            cron: parsed,
            job: Arc::new(job),
        });
        Ok(self)
    }

    /// Enqueues what is due now; answers with the new jobs.
    ///
    /// # Errors
    /// [`Error::Database`]; [`Error::Invalid`] when a schedule has no next time.
    pub async fn tick(&self) -> Result<Vec<JobId>, Error> {
        let mut jobs = Vec::new();
        for entry in &self.entries {
            let seen = job_schedule::Entity::find_by_id(&entry.name)
                .one(self.queue.reader())
                .await?;
            if !seen.is_some_and(|row| entry.waits(&row, self.queue.now_ms())) {
                jobs.extend(self.advance(entry).await?);
            }
        }
        Ok(jobs)
    }

    /// Enqueues what is due, until the token is cancelled. Failures are logged and
    /// tried again.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.tick().await {
                warn!(queue = self.queue.name(), %error, "schedules wait: the tick failed");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Self::PERIOD) => {}
            }
        }
    }

    async fn advance(&self, entry: &Entry) -> Result<Option<JobId>, Error> {
        let now_ms = self.queue.now_ms();
        let next_ms = entry.next_after(now_ms)?;
        let tx = sql::begin_write(self.queue.database()).await?;
        let first = "INSERT INTO job_schedule (name, cron, due_ms) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO NOTHING";
        let values = [
            entry.name.clone().into(),
            entry.expression.clone().into(),
            next_ms.into(),
        ];
        sql::execute(&tx, first, values).await?;
        let lock = sql::for_update(tx.get_database_backend());
        let select = format!("SELECT * FROM job_schedule WHERE name = $1{lock}");
        let row: Option<job_schedule::Model> =
            sql::fetch(&tx, select, [entry.name.clone().into()]).await?;
        // None: somebody deleted the row in between; the next tick makes it again.
        let Some(row) = row.filter(|row| !entry.waits(row, now_ms)) else {
            tx.commit().await?;
            return Ok(None);
        };
        let mut last_ms = row.last_ms;
        let mut enqueued = None;
        // An expression that changed starts anew and makes up for nothing.
        if row.cron == entry.expression {
            let key = format!("schedule:{}:{}", entry.name, row.due_ms);
            let job = (entry.job)(Timestamp(row.due_ms)).idempotency_key(key);
            let id = self.queue.enqueue(&tx, job).await?;
            last_ms = Some(row.due_ms);
            enqueued = Some(id);
            info!(job.id = %id, schedule = entry.name, due_ms = row.due_ms, "schedule due");
        }
        let set = "UPDATE job_schedule SET cron = $2, due_ms = $3, last_ms = $4 WHERE name = $1";
        let values = [
            entry.name.clone().into(),
            entry.expression.clone().into(),
            next_ms.into(),
            last_ms.into(),
        ];
        sql::execute(&tx, set, values).await?;
        tx.commit().await?;
        self.queue.wake();
        Ok(enqueued)
    }
}

impl Entry {
    fn waits(&self, row: &job_schedule::Model, now_ms: i64) -> bool {
        row.cron == self.expression && row.due_ms > now_ms
    }

    fn next_after(&self, now_ms: i64) -> Result<i64, Error> {
        let now: DateTime<Utc> = DateTime::from_timestamp_millis(now_ms).unwrap_or_default();
        self.cron
            .find_next_occurrence(&now, false)
            .map(|next| next.timestamp_millis())
            .map_err(|error| {
                Error::Invalid(format!(
                    "The schedule {} has no next time: {error}.",
                    self.name
                ))
            })
    }
}
