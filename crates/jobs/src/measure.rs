//! How much waits and runs, and how much is kept in each state.

use std::collections::BTreeMap;

use sea_orm::{ColumnTrait, ConnectionTrait, FromQueryResult, QuerySelect};
use tracing::warn;
use types::jobs::JobState;

use crate::{Error, JobFilter, Queue, entity::job, sql};

/// How much waits and runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Jobs that could start now.
    pub waiting: i64,
    /// Jobs whose time has not come yet.
    pub scheduled: i64,
    /// Jobs that run.
    pub running: i64,
    /// For how long (ms) the oldest waiting job could have started.
    pub oldest_ms: i64,
    /// The same for each kind that has any, by name.
    pub kinds: Vec<KindStats>,
}

/// How much of one kind waits and runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindStats {
    /// The kind.
    pub kind: String,
    /// Jobs that could start now.
    pub waiting: i64,
    /// Jobs whose time has not come yet.
    pub scheduled: i64,
    /// Jobs that run.
    pub running: i64,
    /// For how long (ms) the oldest waiting job could have started.
    pub oldest_ms: i64,
}

#[derive(FromQueryResult)]
struct Row {
    kind: String,
    waiting: i64,
    scheduled: i64,
    running: i64,
    since_ms: Option<i64>,
}

impl Queue {
    /// How much waits and runs now.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn stats(&self) -> Result<Stats, Error> {
        const COUNT: &str = "SELECT kind,
                 SUM(CASE WHEN state = 'QUEUED' AND run_at_ms <= $1 THEN 1 ELSE 0 END) AS waiting,
                 SUM(CASE WHEN state = 'QUEUED' AND run_at_ms > $1 THEN 1 ELSE 0 END) AS scheduled,
                 SUM(CASE WHEN state = 'RUNNING' THEN 1 ELSE 0 END) AS running,
                 MIN(CASE WHEN state = 'QUEUED' AND run_at_ms <= $1 THEN run_at_ms END) AS since_ms
             FROM job WHERE state IN ('QUEUED', 'RUNNING') GROUP BY kind ORDER BY kind";
        let now_ms = self.now_ms();
        let count = sql::statement(self.reader(), COUNT, [now_ms.into()]);
        let mut stats = Stats::default();
        for row in self.reader().query_all_raw(count).await? {
            let Row {
                kind,
                waiting,
                scheduled,
                running,
                since_ms,
            } = Row::from_query_result(&row, "")?;
            let oldest_ms = since_ms.map_or(0, |since| now_ms - since);
            stats.waiting += waiting;
            stats.scheduled += scheduled;
            stats.running += running;
            stats.oldest_ms = stats.oldest_ms.max(oldest_ms);
            stats.kinds.push(KindStats {
                kind,
                waiting,
                scheduled,
                running,
                oldest_ms,
            });
        }
        Ok(stats)
    }

    /// How many of the kept jobs the filter lets through, by state; a state in which there
    /// are none is left out.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn count(&self, filter: &JobFilter) -> Result<BTreeMap<JobState, i64>, Error> {
        let counted: Vec<(JobState, i64)> = filter
            .select()
            .select_only()
            .column(job::Column::State)
            .column_as(job::Column::Id.count(), "jobs")
            .group_by(job::Column::State)
            .into_tuple()
            .all(self.reader())
            .await?;
        Ok(counted.into_iter().collect())
    }

    /// Sets the gauges of these kinds from [`stats`](Self::stats); a kind that has
    /// nothing is 0. A failure is logged.
    pub(crate) async fn publish_stats(&self, kinds: &[&str]) {
        let stats = match self.stats().await {
            Ok(stats) => stats,
            Err(error) => {
                warn!(queue = self.name(), %error, "the queue's statistics are missing");
                return;
            }
        };
        let none = KindStats::default();
        for &kind in kinds {
            let found = stats
                .kinds
                .iter()
                .find(|one| one.kind == kind)
                .unwrap_or(&none);
            let labels = [("queue", self.name().to_owned()), ("kind", kind.to_owned())];
            #[expect(
                clippy::cast_precision_loss,
                reason = "a gauge is a float; counts and ages stay far below 2^53"
            )]
            let float = |count: i64| count as f64;
            metrics::gauge!("kombify_jobs_waiting", &labels).set(float(found.waiting));
            metrics::gauge!("kombify_jobs_scheduled", &labels).set(float(found.scheduled));
            metrics::gauge!("kombify_jobs_running", &labels).set(float(found.running));
            metrics::gauge!("kombify_jobs_oldest_seconds", &labels)
                .set(float(found.oldest_ms) / 1000.0);
        }
    }
}
