//! The queue: what it needs, putting jobs in, looking at them.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, sea_query::OnConflict,
};
use tracing::debug;
use types::{JobId, Timestamp, jobs::JobState};

use crate::{
    Backoff, CancelRequest, Clock, Entropy, Error, Job, NewJob,
    entity::{job, job_log},
    entropy::OrderedIds,
    listen,
    signal::Signals,
    sql, trace,
};

/// How a queue behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The queue's name in metrics and logs, e.g. `control`.
    pub name: String,
    /// How long an attempt may stay silent before it counts as dead.
    pub lease: Duration,
    /// How long failed jobs wait.
    pub backoff: Backoff,
    /// How many jobs of a tenant may run at once, unless its share says otherwise.
    /// The platform's own jobs have no limit.
    pub tenant_limit: i32,
    /// At this number a job's log ends, over all attempts: the line says so, in place of
    /// what the job wrote, and the rest is left out. The queue's own lines are kept.
    pub max_log_lines: i64,
    /// How often those who follow a job look for what another process wrote.
    pub follow_poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "jobs".to_owned(),
            lease: Duration::from_secs(30),
            backoff: Backoff::default(),
            tenant_limit: i32::MAX,
            max_log_lines: 100_000,
            follow_poll: Duration::from_millis(500),
        }
    }
}

/// Which jobs to list; every field that is set narrows the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Of this tenant; an empty text means the platform's own.
    pub tenant: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// In this state.
    pub state: Option<JobState>,
    /// Not of this kind, if it succeeded: what a schedule makes hides the rest otherwise.
    pub without_succeeded: Option<String>,
    /// Enqueued before this one, to read on where a list ended.
    pub before: Option<JobId>,
}

impl JobFilter {
    /// The jobs that it lets through.
    pub(crate) fn select(&self) -> Select<job::Entity> {
        let Self {
            tenant,
            kind,
            state,
            without_succeeded,
            before,
        } = self;
        job::Entity::find()
            .apply_if(tenant.as_ref(), |all, tenant| {
                all.filter(job::Column::Tenant.eq(tenant))
            })
            .apply_if(kind.as_ref(), |all, kind| {
                all.filter(job::Column::Kind.eq(kind))
            })
            .apply_if(*state, |all, state| {
                all.filter(job::Column::State.eq(state))
            })
            .apply_if(without_succeeded.as_ref(), |all, kind| {
                let others = Condition::any()
                    .add(job::Column::State.ne(JobState::Succeeded))
                    .add(job::Column::Kind.ne(kind));
                all.filter(others)
            })
            .apply_if(*before, |all, before| {
                all.filter(job::Column::Id.lt(before))
            })
    }
}

/// A job queue in one database. Clones are the same queue; two queues on one
/// database in one process work, but do not wake each other up.
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

struct Inner {
    write: DatabaseConnection,
    read: DatabaseConnection,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    options: Options,
    ids: OrderedIds,
    signals: Signals,
}

impl Queue {
    /// A queue in this database, which has the tables of `migration::jobs`.
    ///
    /// `read` is a second pool for reading: on SQLite the writing pool has one
    /// connection, and a caller that holds a transaction on it would wait for
    /// itself when it reads through the queue. Without one, `write` is used.
    #[must_use]
    pub fn new(
        write: DatabaseConnection,
        read: Option<DatabaseConnection>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: Options,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                read: read.unwrap_or_else(|| write.clone()),
                write,
                clock,
                entropy,
                options,
                ids: OrderedIds::default(),
                signals: Signals::new(),
            }),
        }
    }

    /// Puts a job in, on this connection: give the transaction that changes the
    /// data, so that the job exists if and only if the change does. With an
    /// idempotency key that the tenant used before, answers with that job instead.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a job without a kind or attempts; [`Error::Database`].
    pub async fn enqueue<C: ConnectionTrait>(
        &self,
        connection: &C,
        new: NewJob,
    ) -> Result<JobId, Error> {
        new.check()?;
        let id = JobId(self.inner.ids.next(self.now_ms(), self.entropy()));
        let (kind, tenant, key) = (
            new.kind.clone(),
            new.tenant.clone(),
            new.idempotency_key.clone(),
        );
        let row = self.row(id, new);
        loop {
            let insert = job::Entity::insert(row.clone()).on_conflict(
                OnConflict::columns([job::Column::Tenant, job::Column::IdempotencyKey])
                    .do_nothing()
                    .to_owned(),
            );
            let insert = insert.build(connection.get_database_backend());
            if connection.execute_raw(insert).await?.rows_affected() > 0 {
                break;
            }
            let first = job::Entity::find()
                .select_only()
                .column(job::Column::Id)
                .filter(job::Column::Tenant.eq(&tenant))
                .filter(job::Column::IdempotencyKey.eq(key.clone()))
                .into_tuple()
                .one(connection)
                .await?;
            if let Some(first) = first {
                debug!(job.id = %first, job.kind = kind, "enqueued before under this key");
                return Ok(first);
            }
            // The first one was pruned between the two statements: try again.
        }
        listen::notify(connection, None).await?;
        metrics::counter!("kombify_jobs_enqueued_total", "queue" => self.name().to_owned(), "kind" => kind.clone())
            .increment(1);
        debug!(job.id = %id, job.kind = kind, job.tenant = tenant, "enqueued");
        // The caller's transaction is not over yet: workers look again for a while.
        self.wake();
        Ok(id)
    }

    /// Tells this process' workers that there may be work. Not needed after
    /// [`enqueue`](Self::enqueue); saves milliseconds after a long transaction.
    pub fn wake(&self) {
        self.signals().work();
    }

    /// A job.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Database`].
    pub async fn get(&self, id: JobId) -> Result<Job, Error> {
        job::Entity::find_by_id(id)
            .one(self.reader())
            .await?
            .ok_or(Error::NotFound(id))
    }

    /// Jobs, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn list(&self, filter: &JobFilter, limit: u64) -> Result<Vec<Job>, Error> {
        Ok(filter
            .select()
            .order_by_desc(job::Column::Id)
            .limit(limit)
            .all(self.reader())
            .await?)
    }

    /// Deletes jobs that ended before this time, with their logs; answers how many.
    /// Their idempotency keys can be used again.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn prune(&self, before: Timestamp) -> Result<u64, Error> {
        let tx = sql::begin_write(self.database()).await?;
        job_log::Entity::delete_many()
            .filter(
                job_log::Column::JobId.in_subquery(
                    job::Entity::find()
                        .select_only()
                        .column(job::Column::Id)
                        .filter(job::Column::FinishedMs.lt(before.0))
                        .into_query(),
                ),
            )
            .exec(&tx)
            .await?;
        let deleted = job::Entity::delete_many()
            .filter(job::Column::FinishedMs.lt(before.0))
            .exec(&tx)
            .await?
            .rows_affected;
        tx.commit().await?;
        Ok(deleted)
    }

    /// How the queue behaves.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    fn row(&self, id: JobId, new: NewJob) -> job::ActiveModel {
        let now_ms = self.now_ms();
        let NewJob {
            kind,
            payload,
            tenant,
            priority,
            run_at,
            max_attempts,
            concurrency_key,
            concurrency_limit,
            idempotency_key,
            request_id,
            trace_parent,
        } = new;
        job::ActiveModel {
            id: Set(id),
            tenant: Set(tenant),
            kind: Set(kind),
            payload: Set(payload.to_string()),
            priority: Set(priority),
            run_at_ms: Set(run_at.map_or(now_ms, |at| at.0)),
            state: Set(JobState::Queued),
            attempt: Set(0),
            max_attempts: Set(max_attempts),
            lease_token: Set(None),
            lease_until_ms: Set(None),
            worker: Set(None),
            cancel_requested: Set(CancelRequest::None),
            concurrency_key: Set(concurrency_key),
            concurrency_limit: Set(concurrency_limit),
            idempotency_key: Set(idempotency_key),
            progress: Set(None),
            result: Set(None),
            error: Set(None),
            log_seq: Set(0),
            request_id: Set(request_id),
            trace_parent: Set(trace_parent.or_else(trace::current)),
            created_ms: Set(now_ms),
            started_ms: Set(None),
            finished_ms: Set(None),
        }
    }

    pub(crate) fn database(&self) -> &DatabaseConnection {
        &self.inner.write
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.read
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.inner.entropy.as_ref()
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.inner.signals
    }

    pub(crate) fn name(&self) -> &str {
        &self.inner.options.name
    }
}
