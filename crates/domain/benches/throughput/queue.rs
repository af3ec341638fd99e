//! Jobs with an empty body, from the first enqueued to the last done, with one worker
//! that runs four at once. Each job is enqueued in a transaction of its own, as a
//! service that changes data does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use domain::env::Env;
use futures::{StreamExt as _, stream};
use jobs::{Handler, JobContext, NewJob, Options, Outcome, Queue, Worker, WorkerOptions};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{median, place::Place};

const JOBS: usize = 2000;
const ENQUEUED_AT_ONCE: usize = 4;
const SLOTS: usize = 4;

/// Counts, and tells when all were counted.
struct Counter {
    left: AtomicUsize,
    done: Arc<Notify>,
}

#[async_trait]
impl Handler for Counter {
    fn kind(&self) -> &'static str {
        "empty"
    }

    async fn run(&self, _: JobContext) -> Outcome {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.done.notify_one();
        }
        Outcome::Done(Value::Null)
    }
}

/// Sends the jobs through a few times, each time in an empty database.
pub(crate) async fn measure(place: &Place, runs: usize) -> Value {
    let mut rates = Vec::new();
    for run in 0..runs {
        rates.push(once(place, run).await);
    }
    json!({
        "database": place.name(),
        "jobs": JOBS,
        "slots": SLOTS,
        "runs": runs,
        "per_second": median(rates),
    })
}

async fn once(place: &Place, run: usize) -> f64 {
    let db = place.open(&format!("queue_{run}")).await;
    let env = Arc::new(Env::system());
    let queue = Queue::new(
        db.write().clone(),
        Some(db.read().clone()),
        Arc::clone(&env) as Arc<dyn jobs::Clock>,
        env,
        Options::default(),
    );
    let done = Arc::new(Notify::new());
    let counter = Counter {
        left: AtomicUsize::new(JOBS),
        done: Arc::clone(&done),
    };
    let options = WorkerOptions {
        slots: SLOTS,
        ..WorkerOptions::default()
    };
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let worker = tokio::spawn(
        Worker::new(queue.clone(), options)
            .handler(counter)
            .run(stop.clone(), tasks.clone()),
    );
    let begun = Instant::now();
    stream::iter(0..JOBS)
        .map(|_| {
            let (queue, db) = (queue.clone(), db.clone());
            tokio::spawn(async move {
                let transaction = db.begin().await.expect("a transaction");
                queue
                    .enqueue(&transaction, NewJob::new("empty", Value::Null))
                    .await
                    .expect("enqueued");
                transaction.commit().await.expect("committed");
            })
        })
        .buffer_unordered(ENQUEUED_AT_ONCE)
        .for_each(async |task| task.expect("no panic"))
        .await;
    done.notified().await;
    stop.cancel();
    worker.await.expect("no panic");
    // Until the last job's end is written, which the worker has waited for.
    let seconds = begun.elapsed().as_secs_f64();
    tasks.close();
    tasks.wait().await;
    db.close().await.expect("closed");
    f64::from(u32::try_from(JOBS).expect("few")) / seconds
}
