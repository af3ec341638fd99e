//! Counters of running jobs per tenant and per concurrency key: fairness and
//! limits. A counter changes in the transaction that changes the job's state, and
//! the counters of one job are locked in the order of their names.

use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::{Error, Job, Queue, sql};

/// What a tenant gets of the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantShare {
    /// How many of its jobs may run at once; none: the queue's default; 0: its jobs
    /// wait.
    pub limit: Option<i32>,
    /// Its share in relation to others, at least 1: a tenant of weight 2 gets twice
    /// as many slots as one of weight 1 when both want more than there are.
    pub weight: i32,
}

impl Default for TenantShare {
    fn default() -> Self {
        Self {
            limit: None,
            weight: 1,
        }
    }
}

impl Queue {
    /// Sets what a tenant gets of the workers, on this connection: give the
    /// transaction that changes its plan. Jobs that run already go on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty tenant, a negative limit or a weight below 1;
    /// [`Error::Database`].
    pub async fn set_tenant_share<C: ConnectionTrait>(
        &self,
        connection: &C,
        tenant: &str,
        share: TenantShare,
    ) -> Result<(), Error> {
        let TenantShare { limit, weight } = share;
        if tenant.is_empty() || weight < 1 || limit.is_some_and(|limit| limit < 0) {
            return Err(Error::Invalid(
                "A share needs a tenant, a weight of at least 1 and a limit of at least 0."
                    .to_owned(),
            ));
        }
        let set = "INSERT INTO job_slot (name, running, max_running, weight, turn)
             VALUES ($1, 0, $2, $3, 0)
             ON CONFLICT (name) DO UPDATE
             SET max_running = excluded.max_running, weight = excluded.weight";
        let values = [tenant_slot(tenant).into(), limit.into(), weight.into()];
        sql::execute(connection, set, values).await?;
        self.wake();
        Ok(())
    }
}

/// Counts a claimed job; false when a limit is reached, and the transaction has to
/// be rolled back.
pub(crate) async fn occupy(
    tx: &DatabaseTransaction,
    job: &Job,
    tenant_limit: i32,
) -> Result<bool, Error> {
    // The condition is checked under the row's lock, after others have committed.
    const OCCUPY: &str = "INSERT INTO job_slot (name, running, weight, turn)
         VALUES ($1, 1, 1, (SELECT COALESCE(MAX(turn), 0) + 1 FROM job_slot))
         ON CONFLICT (name) DO UPDATE
         SET running = job_slot.running + 1, turn = excluded.turn
         WHERE job_slot.running < COALESCE(job_slot.max_running, $2)";
    // `key:` sorts before `tenant:`.
    if let Some(key) = &job.concurrency_key {
        let values = [key_slot(key).into(), job.concurrency_limit.into()];
        if sql::execute(tx, OCCUPY, values).await? == 0 {
            return Ok(false);
        }
    }
    let limit = job.tenant().map_or(i32::MAX, |_| tenant_limit);
    let values = [tenant_slot(&job.tenant).into(), limit.into()];
    Ok(sql::execute(tx, OCCUPY, values).await? > 0)
}

/// Counts a job off that ran until now.
pub(crate) async fn vacate(tx: &DatabaseTransaction, job: &Job) -> Result<(), Error> {
    const VACATE: &str = "UPDATE job_slot SET running = running - 1 WHERE name = $1";
    if let Some(key) = &job.concurrency_key {
        let name = key_slot(key);
        sql::execute(tx, VACATE, [name.clone().into()]).await?;
        // Keys come and go; tenants stay, with their share and turn.
        let unused = "DELETE FROM job_slot WHERE name = $1 AND running <= 0";
        sql::execute(tx, unused, [name.into()]).await?;
    }
    sql::execute(tx, VACATE, [tenant_slot(&job.tenant).into()]).await?;
    Ok(())
}

fn tenant_slot(tenant: &str) -> String {
    format!("tenant:{tenant}")
}

fn key_slot(key: &str) -> String {
    format!("key:{key}")
}
