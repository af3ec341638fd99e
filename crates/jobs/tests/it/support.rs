//! A database of its own for each test, and helpers.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jobs::{
    Claimed, Handler, Job, JobContext, JobFilter, ManualClock, NewJob, Options, Outcome, Queue,
    SeededEntropy, SystemEntropy, Worker, WorkerOptions, entity::job_slot,
};
use sea_orm::{
    ConnectOptions, Database as Connections, DatabaseConnection, EntityTrait,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use sea_orm_migration::SchemaManager;
use serde_json::json;
use tempfile::TempDir;
use test_support::postgres::Database;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// 2026-11-24T12:00:00Z, where every test's clock starts.
pub(crate) const NOON_MS: i64 = 1_795_521_600_000;

/// Makes of each function `async fn name(place: &Place)` a test on each backend.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let place = $crate::support::Place::sqlite().await;
                super::$name(&place).await;
                place.check_counters().await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                if let Some(place) = $crate::support::Place::postgres().await {
                    super::$name(&place).await;
                    place.check_counters().await;
                }
            })+
        }
    };
}

/// A database with the queue's tables, and a clock.
pub(crate) struct Place {
    pub(crate) clock: ManualClock,
    pub(crate) url: String,
    pub(crate) write: DatabaseConnection,
    read: Option<DatabaseConnection>,
    _folder: Option<TempDir>,
    /// Dropped last, when nobody is connected any more.
    postgres: Option<Database>,
    /// Queues of one test make different ids.
    seed: AtomicU64,
}

impl Place {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("jobs.db").display()
        );
        Self::open(url, Some(folder), None).await
    }

    /// None where tests on PostgreSQL are switched off.
    pub(crate) async fn postgres() -> Option<Self> {
        let database = Database::create().await?;
        Some(Self::open(database.url(), None, Some(database)).await)
    }

    async fn open(url: String, folder: Option<TempDir>, postgres: Option<Database>) -> Self {
        let (write, read) = connections(&url).await;
        let manager = SchemaManager::new(&write);
        migration::jobs::up(&manager)
            .await
            .expect("the queue's tables");
        Self {
            clock: ManualClock::at(NOON_MS),
            url,
            write,
            read,
            _folder: folder,
            postgres,
            seed: AtomicU64::new(1),
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.postgres.is_some()
    }

    pub(crate) fn queue(&self) -> Queue {
        self.queue_with(Options::default())
    }

    pub(crate) fn queue_with(&self, options: Options) -> Queue {
        let (write, read) = (self.write.clone(), self.read.clone());
        let entropy = Arc::new(SeededEntropy::new(
            self.seed.fetch_add(1, Ordering::Relaxed),
        ));
        Queue::new(write, read, Arc::new(self.clock.clone()), entropy, options)
    }

    /// A queue on connections of its own, as another process has it.
    pub(crate) async fn elsewhere(&self, options: Options) -> Queue {
        let (write, read) = connections(&self.url).await;
        Queue::new(
            write,
            read,
            Arc::new(self.clock.clone()),
            Arc::new(SystemEntropy),
            options,
        )
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn slots(&self) -> Vec<job_slot::Model> {
        job_slot::Entity::find()
            .all(&self.write)
            .await
            .expect("counters")
    }

    /// The counters say what the jobs' states say, whatever happened.
    pub(crate) async fn check_counters(&self) {
        let filter = JobFilter {
            state: Some(jobs::JobState::Running),
            ..JobFilter::default()
        };
        let running = self.queue().list(&filter, 10_000).await.expect("jobs");
        for slot in self.slots().await {
            let (what, name) = slot.name.split_once(':').expect("a prefix");
            let count = running.iter().filter(|job| match what {
                "tenant" => job.tenant == name,
                _ => job.concurrency_key.as_deref() == Some(name),
            });
            assert_eq!(
                i32::try_from(count.count()),
                Ok(slot.running),
                "counter {}",
                slot.name
            );
        }
    }
}

pub(crate) async fn connections(url: &str) -> (DatabaseConnection, Option<DatabaseConnection>) {
    if url.starts_with("sqlite:") {
        (connect(url, 1).await, Some(connect(url, 4).await))
    } else {
        (connect(url, 10).await, None)
    }
}

pub(crate) async fn connect(url: &str, connections: u32) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(Duration::from_secs(20))
        });
    Connections::connect(options).await.expect("a connection")
}

/// A handler from a function.
pub(crate) struct Run<F>(pub(crate) &'static str, pub(crate) F);

#[async_trait::async_trait]
impl<F, Answer> Handler for Run<F>
where
    F: Fn(JobContext) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Outcome> + Send + 'static,
{
    fn kind(&self) -> &'static str {
        self.0
    }

    async fn run(&self, context: JobContext) -> Outcome {
        (self.1)(context).await
    }
}

/// A worker that runs until it is stopped or killed.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(queue: &Queue, options: WorkerOptions, handler: impl Handler) -> Self {
        let worker = Worker::new(queue.clone(), options).handler(handler);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(worker.run(shutdown.clone(), TaskTracker::new()));
        Self { shutdown, task }
    }

    /// Tells it to stop and does not wait.
    pub(crate) fn tell(self) -> Self {
        self.shutdown.cancel();
        self
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        let stopped = tokio::time::timeout(Duration::from_secs(20), self.task).await;
        stopped
            .expect("the worker stops")
            .expect("the worker does not panic");
    }

    /// As a crash does: nothing is handed back.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.expect_err("aborted").is_cancelled());
    }
}

pub(crate) fn worker(name: &str, slots: usize) -> WorkerOptions {
    WorkerOptions {
        name: name.to_owned(),
        slots,
        poll: Duration::from_millis(20),
        grace: Duration::from_secs(10),
        ..WorkerOptions::default()
    }
}

/// A lease whose heartbeat is quick in real time; the clock stands, so it holds.
pub(crate) fn quick_heartbeat() -> Options {
    Options {
        lease: Duration::from_millis(90),
        ..Options::default()
    }
}

/// A lease whose heartbeat never comes in a test.
pub(crate) fn no_heartbeat() -> Options {
    Options {
        lease: Duration::from_secs(3600),
        ..Options::default()
    }
}

pub(crate) fn job(kind: &str) -> NewJob {
    NewJob::new(kind, json!({}))
}

pub(crate) async fn add(queue: &Queue, write: &DatabaseConnection, new: NewJob) -> types::JobId {
    queue.enqueue(write, new).await.expect("enqueued")
}

pub(crate) async fn claim(queue: &Queue) -> Option<Claimed> {
    queue.claim("tester", &["work"]).await.expect("a claim")
}

pub(crate) async fn all(queue: &Queue) -> Vec<Job> {
    queue
        .list(&JobFilter::default(), 10_000)
        .await
        .expect("jobs")
}

/// Waits, at most 20 s, until the condition gives something.
pub(crate) async fn eventually<T, Answer>(what: &str, mut condition: impl FnMut() -> Answer) -> T
where
    Answer: Future<Output = Option<T>>,
{
    let look = async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), look)
        .await
        .unwrap_or_else(|_| panic!("in vain waited for: {what}"))
}

/// Waits for this, at most 20 s.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("it happens in time")
}

/// Waits until the job is in this state.
pub(crate) async fn state(queue: &Queue, id: types::JobId, wanted: jobs::JobState) -> Job {
    eventually(wanted.word(), async || {
        let job = queue.get(id).await.expect("the job");
        (job.state == wanted).then_some(job)
    })
    .await
}
