//! Handing a job to a worker: the one place where `attempt` rises.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Value};
use tracing::debug;

use crate::{Claimed, Error, Job, Queue, clock::millis, slot, sql};

/// What a job `j` must be so that it can be claimed: `$1` is now, the kinds follow
/// from `$2` on.
fn claimable(kinds: usize) -> String {
    format!(
        "j.state = 'QUEUED' AND j.run_at_ms <= $1 AND j.kind IN ({})
         AND (j.concurrency_key IS NULL OR NOT EXISTS (
             SELECT 1 FROM job_slot k
             WHERE k.name = 'key:' || j.concurrency_key AND k.running >= j.concurrency_limit))",
        sql::placeholders(2, kinds)
    )
}

/// The tenants that have something claimable, the one to serve next first.
///
/// The recursion steps through the index from tenant to tenant, so that a tenant
/// with a hundred thousand queued jobs costs no more than one with a single job.
/// After the values of [`claimable`] comes the limit of a tenant without its own.
fn tenants_in_turn(kinds: usize) -> String {
    format!(
        "WITH RECURSIVE waiting(tenant) AS (
             SELECT MIN(tenant) FROM job WHERE state = 'QUEUED'
             UNION ALL
             SELECT (SELECT MIN(n.tenant) FROM job n WHERE n.state = 'QUEUED' AND n.tenant > w.tenant)
             FROM waiting w WHERE w.tenant IS NOT NULL
         )
         SELECT w.tenant AS tenant
         FROM waiting w LEFT JOIN job_slot s ON s.name = 'tenant:' || w.tenant
         WHERE w.tenant IS NOT NULL
           AND (w.tenant = '' OR COALESCE(s.running, 0) < COALESCE(s.max_running, ${limit}))
           AND EXISTS (SELECT 1 FROM job j WHERE j.tenant = w.tenant AND {claimable})
         ORDER BY COALESCE(s.running, 0) * 1000 / COALESCE(s.weight, 1), COALESCE(s.turn, 0), w.tenant",
        claimable = claimable(kinds),
        limit = kinds + 2,
    )
}

#[derive(FromQueryResult)]
struct Waiting {
    tenant: String,
}

enum Attempt {
    Claimed(Box<Claimed>),
    Nothing,
    /// A counter reached its limit between the choice and its lock.
    Raced,
}

impl Queue {
    /// Hands out the next job of one of these kinds under a new lease, or nothing.
    /// Takes back expired leases first, so that their jobs are found.
    ///
    /// The tenant with the fewest running jobs for its weight comes first, then the
    /// one whose last turn is longest ago; within a tenant the highest priority,
    /// then the earliest. On PostgreSQL claims at the very same moment may choose
    /// the same tenant; limits hold all the same.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn claim(&self, worker: &str, kinds: &[&str]) -> Result<Option<Claimed>, Error> {
        /// More races than this in a row: leave the queue to the others.
        const MOST_RACES: usize = 32;
        self.reclaim_expired().await?;
        if kinds.is_empty() || self.tenants(self.reader(), kinds).await?.is_empty() {
            return Ok(None);
        }
        for _ in 0..MOST_RACES {
            let tx = sql::begin_write(self.database()).await?;
            match self.claim_in(&tx, worker, kinds).await? {
                Attempt::Claimed(claimed) => {
                    tx.commit().await?;
                    let job = &claimed.job;
                    metrics::counter!("kombify_jobs_claimed_total", "queue" => self.name().to_owned(), "kind" => job.kind.clone())
                        .increment(1);
                    let waited = u64::try_from(self.now_ms() - job.run_at_ms).unwrap_or_default();
                    metrics::histogram!("kombify_jobs_wait_seconds", "queue" => self.name().to_owned(), "kind" => job.kind.clone())
                        .record(Duration::from_millis(waited));
                    debug!(job.id = %job.id, job.kind = job.kind, job.attempt = job.attempt, worker, "claimed");
                    self.signals().job(crate::signal::Signal::Told(job.id));
                    return Ok(Some(*claimed));
                }
                Attempt::Nothing => {
                    tx.rollback().await?;
                    return Ok(None);
                }
                Attempt::Raced => tx.rollback().await?,
            }
        }
        Ok(None)
    }

    async fn claim_in(
        &self,
        tx: &DatabaseTransaction,
        worker: &str,
        kinds: &[&str],
    ) -> Result<Attempt, Error> {
        for waiting in self.tenants(tx, kinds).await? {
            let Some(claimed) = self.take_one(tx, worker, kinds, &waiting.tenant).await? else {
                // Others have locked all that this tenant has.
                continue;
            };
            let limit = self.options().tenant_limit;
            return Ok(match slot::occupy(tx, &claimed.job, limit).await? {
                true => Attempt::Claimed(Box::new(claimed)),
                false => Attempt::Raced,
            });
        }
        Ok(Attempt::Nothing)
    }

    async fn tenants(
        &self,
        connection: &impl ConnectionTrait,
        kinds: &[&str],
    ) -> Result<Vec<Waiting>, Error> {
        let sql = tenants_in_turn(kinds.len());
        let mut values = self.claimable_values(kinds);
        values.push(self.options().tenant_limit.into());
        let rows = connection
            .query_all_raw(sql::statement(connection, sql, values))
            .await?;
        let tenants = rows.iter().map(|row| Waiting::from_query_result(row, ""));
        Ok(tenants.collect::<Result<_, _>>()?)
    }

    async fn take_one(
        &self,
        tx: &DatabaseTransaction,
        worker: &str,
        kinds: &[&str],
        tenant: &str,
    ) -> Result<Option<Claimed>, Error> {
        let mut values = self.claimable_values(kinds);
        let next = values.len() + 1;
        // `id = (SELECT …)` and not `IN`: PostgreSQL may run a subselect of IN
        // more than once and would then lock and change more than one row.
        let sql = format!(
            "UPDATE job SET state = 'RUNNING', attempt = attempt + 1, started_ms = $1,
                 lease_until_ms = ${until}, worker = ${worker}, lease_token = ${token}
             WHERE id = (
                 SELECT j.id FROM job j WHERE j.tenant = ${tenant} AND {claimable}
                 ORDER BY j.priority DESC, j.run_at_ms, j.id LIMIT 1{lock})
             RETURNING *",
            until = next,
            worker = next + 1,
            token = next + 2,
            tenant = next + 3,
            claimable = claimable(kinds.len()),
            lock = sql::for_update_skip_locked(tx.get_database_backend()),
        );
        let token = crate::entropy::random_id(self.entropy());
        values.extend([
            self.lease_until_ms().into(),
            worker.into(),
            token.into(),
            tenant.into(),
        ]);
        let job: Option<Job> = sql::fetch(tx, sql, values).await?;
        Ok(job.map(|job| Claimed {
            lease: crate::Lease { job: job.id, token },
            job,
        }))
    }

    fn claimable_values(&self, kinds: &[&str]) -> Vec<Value> {
        let now: Value = self.now_ms().into();
        std::iter::once(now)
            .chain(kinds.iter().map(|kind| (*kind).into()))
            .collect()
    }

    pub(crate) fn lease_until_ms(&self) -> i64 {
        self.now_ms().saturating_add(millis(self.options().lease))
    }
}
