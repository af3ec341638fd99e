//! Running jobs.

mod context;
mod control;
mod log_sink;
mod supervise;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{task::JoinSet, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

pub use context::JobContext;
pub use control::CancelReason;
pub use log_sink::LogSink;

use crate::{Outcome, Queue, listen::listen};

/// Runs the jobs of one kind.
///
/// A job may run more than once, so running it again must do no harm. When the
/// token of the context is cancelled, stop and answer [`Outcome::Cancelled`]; who
/// does not within the worker's grace is dropped where it awaits.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The kind of jobs that it runs, e.g. `stack.apply`.
    fn kind(&self) -> &'static str;

    /// Runs one attempt. A panic counts as a failed attempt.
    async fn run(&self, context: JobContext) -> Outcome;

    /// An attempt that takes longer is stopped and counts as failed. None: no limit.
    fn timeout(&self) -> Option<Duration> {
        None
    }

    /// How long an attempt has to stop while the worker goes on, if it needs longer than the
    /// worker's grace to leave nothing half done: when somebody cancelled it, or its lease
    /// is lost and it may run elsewhere meanwhile.
    fn grace_to_stop(&self) -> Option<Duration> {
        None
    }
}

/// How a worker behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Its name in the database and in logs; tell workers apart by host and process.
    pub name: String,
    /// How many jobs it runs at once.
    pub slots: usize,
    /// It looks for work at least this often.
    pub poll: Duration,
    /// How long a handler has to stop when it is asked to, before it is dropped.
    pub grace: Duration,
    /// How often it publishes the queue's statistics as metrics.
    pub stats_every: Duration,
    /// On PostgreSQL: be woken up by other processes, at the cost of one connection.
    pub listen: bool,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            name: "worker".to_owned(),
            slots: 4,
            poll: Duration::from_secs(1),
            grace: Duration::from_secs(20),
            stats_every: Duration::from_secs(15),
            listen: true,
        }
    }
}

/// Claims jobs and runs them, several at once.
pub struct Worker {
    queue: Queue,
    options: Arc<WorkerOptions>,
    handlers: HashMap<&'static str, Arc<dyn Handler>>,
}

/// After news the worker looks again after this long, then twice as long, until it
/// is back at its usual period: the transaction that enqueued may still be open.
const FIRST_LOOK: Duration = Duration::from_millis(5);

impl Worker {
    /// A worker without handlers.
    #[must_use]
    pub fn new(queue: Queue, options: WorkerOptions) -> Self {
        Self {
            queue,
            options: Arc::new(options),
            handlers: HashMap::new(),
        }
    }

    /// Runs jobs of the handler's kind too; a second handler of one kind replaces
    /// the first.
    #[must_use]
    pub fn handler(mut self, handler: impl Handler) -> Self {
        self.handlers.insert(handler.kind(), Arc::new(handler));
        self
    }

    /// Works until `shutdown` is cancelled. Then it claims nothing more, asks its
    /// handlers to stop ([`CancelReason::Shutdown`]), waits for them for the grace,
    /// drops the rest, hands unfinished jobs back without counting the attempt, and
    /// returns. Its tasks are tracked by `tracker`.
    ///
    /// Dropping the future instead is what a crash does: its handlers are dropped
    /// and their jobs run again once their leases ran out.
    pub async fn run(self, shutdown: CancellationToken, tracker: TaskTracker) {
        let kinds: Vec<&str> = self.handlers.keys().copied().collect();
        info!(
            queue = self.queue.name(),
            worker = self.options.name,
            slots = self.options.slots,
            ?kinds,
            "worker started"
        );
        let mut helpers = JoinSet::new();
        if self.options.listen {
            helpers.spawn(tracker.track_future(listen(self.queue.clone(), shutdown.clone())));
        }
        helpers.spawn(tracker.track_future(publish(
            self.queue.clone(),
            self.handlers.keys().copied().collect(),
            self.options.stats_every,
            shutdown.clone(),
        )));
        let mut running = JoinSet::new();
        let mut work = self.queue.signals().on_work();
        let mut pause = self.options.poll;
        while !shutdown.is_cancelled() {
            while let Some(ended) = running.try_join_next() {
                report(ended);
            }
            let free = running.len() < self.options.slots;
            if free {
                match self.queue.claim(&self.options.name, &kinds).await {
                    Ok(Some(claimed)) if shutdown.is_cancelled() => {
                        // Nothing is begun any more; what is not handed back runs again
                        // when its lease ran out.
                        if let Err(error) = self.queue.release(&claimed.lease).await {
                            warn!(job.id = %claimed.job.id, %error, "a job was not handed back");
                        }
                    }
                    Ok(Some(claimed)) => {
                        pause = FIRST_LOOK;
                        let handler = Arc::clone(&self.handlers[claimed.job.kind.as_str()]);
                        let job = supervise::Supervised {
                            queue: self.queue.clone(),
                            options: Arc::clone(&self.options),
                            handler,
                            claimed,
                            shutdown: shutdown.clone(),
                            tracker: tracker.clone(),
                        };
                        running.spawn(tracker.track_future(job.run()));
                        continue;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        pause = self.options.poll;
                        warn!(queue = self.queue.name(), %error, "the worker waits: claiming failed");
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                Some(ended) = running.join_next() => {
                    report(ended);
                    pause = FIRST_LOOK;
                }
                _ = work.changed(), if free => pause = FIRST_LOOK,
                () = tokio::time::sleep(pause), if free => {
                    pause = (pause * 2).min(self.options.poll);
                }
            }
        }
        // Each job sees the shutdown itself and ends within the grace.
        while let Some(ended) = running.join_next().await {
            report(ended);
        }
        helpers.shutdown().await;
        info!(
            queue = self.queue.name(),
            worker = self.options.name,
            "worker stopped"
        );
    }
}

/// A supervisor catches its handler's panics; one of its own is a mistake of ours.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(%error, "a job's supervisor failed; the job runs again when its lease ran out");
    }
}

async fn publish(queue: Queue, kinds: Vec<&'static str>, every: Duration, stop: CancellationToken) {
    loop {
        queue.publish_stats(&kinds).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

/// Waits until this moment; for ever when there is none.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
