//! Putting jobs in.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use jobs::{Clock, Error, JobState, NewJob, Options, Outcome, Queue, SystemEntropy};
use sea_orm::TransactionTrait;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use types::Timestamp;

use crate::support::{
    NOON_MS, Place, Run, Running, add, all, claim, connections, eventually, job, state, worker,
};

on_both! {
    fifty_enqueues_with_one_key_make_one_job,
    a_key_belongs_to_its_tenant,
    the_job_exists_only_when_the_transaction_commits,
    a_worker_finds_a_job_whose_transaction_commits_late,
    impossible_jobs_are_refused,
    pruning_deletes_what_ended_long_ago,
}

async fn fifty_enqueues_with_one_key_make_one_job(place: &Place) {
    let here = place.queue();
    let there = place.elsewhere(Options::default()).await;
    let start = Arc::new(Barrier::new(50));
    let tasks = (0..50).map(|number| {
        let (queue, write, start) = (
            if number % 2 == 0 {
                here.clone()
            } else {
                there.clone()
            },
            place.write.clone(),
            Arc::clone(&start),
        );
        tokio::spawn(async move {
            start.wait().await;
            add(
                &queue,
                &write,
                job("work").tenant("acme").idempotency_key("once"),
            )
            .await
        })
    });
    let ids: HashSet<_> = join_all(tasks)
        .await
        .into_iter()
        .map(|id| id.expect("joined"))
        .collect();
    assert_eq!(ids.len(), 1, "all were told of the same job");
    let jobs = all(&here).await;
    assert_eq!(jobs.len(), 1);
    assert!(ids.contains(&jobs[0].id));
}

async fn a_key_belongs_to_its_tenant(place: &Place) {
    let queue = place.queue();
    let new = |tenant: &str| job("work").tenant(tenant).idempotency_key("same");
    let first = add(&queue, &place.write, new("acme")).await;
    let other = add(&queue, &place.write, new("bolt")).await;
    assert_ne!(first, other);
    assert_eq!(add(&queue, &place.write, new("acme")).await, first);
    assert_eq!(add(&queue, &place.write, new("bolt")).await, other);
    let without = [
        add(&queue, &place.write, job("work")).await,
        add(&queue, &place.write, job("work")).await,
    ];
    assert_ne!(without[0], without[1], "jobs without a key do not collide");
}

async fn the_job_exists_only_when_the_transaction_commits(place: &Place) {
    let queue = place.queue();
    let tx = place.write.begin().await.expect("a transaction");
    queue.enqueue(&tx, job("work")).await.expect("enqueued");
    assert_eq!(all(&queue).await, [], "not seen before the commit");
    tx.rollback().await.expect("rolled back");
    assert_eq!(all(&queue).await, []);
    assert_eq!(claim(&queue).await, None);

    let tx = place.write.begin().await.expect("a transaction");
    let id = queue.enqueue(&tx, job("work")).await.expect("enqueued");
    tx.commit().await.expect("committed");
    assert_eq!(claim(&queue).await.expect("a job").job.id, id);
}

/// Counts how often it is asked, which tells how far a worker is.
#[derive(Default)]
struct CountingClock(AtomicUsize);

impl Clock for CountingClock {
    fn now_ms(&self) -> i64 {
        self.0.fetch_add(1, Ordering::SeqCst);
        NOON_MS
    }
}

async fn a_worker_finds_a_job_whose_transaction_commits_late(place: &Place) {
    let clock = Arc::new(CountingClock::default());
    let asked = |more| async move { (more > 0).then_some(()) };
    let (write, read) = connections(&place.url).await;
    let queue = Queue::new(
        write,
        read,
        clock.clone(),
        Arc::new(SystemEntropy),
        Options::default(),
    );
    // With this period only the wake-up can find the job in time.
    let options = jobs::WorkerOptions {
        poll: Duration::from_secs(3600),
        listen: false,
        ..worker("sleepy", 1)
    };
    let handler = Run("work", async |_| Outcome::Done(Value::Null));
    let running = Running::start(&queue, options, handler);
    // Its first look asks twice, its statistics once; then it sleeps.
    eventually("the first look", || {
        asked(clock.0.load(Ordering::SeqCst).saturating_sub(2))
    })
    .await;
    let tx = place.write.begin().await.expect("a transaction");
    let id = queue.enqueue(&tx, job("work")).await.expect("enqueued");
    let before = clock.0.load(Ordering::SeqCst);
    // It looks in vain before the commit, more than once.
    eventually("two more looks", || {
        asked(clock.0.load(Ordering::SeqCst).saturating_sub(before + 3))
    })
    .await;
    tx.commit().await.expect("committed");
    state(&queue, id, JobState::Succeeded).await;
    running.stop().await;
}

async fn impossible_jobs_are_refused(place: &Place) {
    let queue = place.queue();
    for new in [
        NewJob::new("", json!({})),
        job("work").max_attempts(0),
        job("work").concurrency("key", 0),
    ] {
        let refused = queue.enqueue(&place.write, new).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    assert_eq!(all(&queue).await, []);
}

async fn pruning_deletes_what_ended_long_ago(place: &Place) {
    let queue = place.queue();
    let old = add(&queue, &place.write, job("work").idempotency_key("again")).await;
    let lease = claim(&queue).await.expect("a job").lease;
    let line = jobs::NewLine {
        at: Timestamp(NOON_MS),
        level: jobs::Level::Info,
        source: String::new(),
        line: "hello".to_owned(),
    };
    queue.log(&lease, vec![line]).await.expect("logged");
    queue
        .finish(&lease, Outcome::Done(Value::Null))
        .await
        .expect("finished");
    place.advance(60);
    let waits = add(&queue, &place.write, job("work")).await;
    assert_eq!(queue.prune(Timestamp(NOON_MS)).await.expect("pruned"), 0);
    assert_eq!(
        queue.prune(Timestamp(NOON_MS + 1)).await.expect("pruned"),
        1
    );
    assert!(matches!(queue.get(old).await, Err(Error::NotFound(id)) if id == old));
    assert_eq!(queue.logs_after(old, 0, 10).await.expect("lines"), []);
    assert_eq!(
        queue.get(waits).await.expect("the job").state,
        JobState::Queued
    );
    assert_ne!(
        add(&queue, &place.write, job("work").idempotency_key("again")).await,
        old
    );
}
