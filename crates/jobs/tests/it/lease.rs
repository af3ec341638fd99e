//! Leases: who lost one can do nothing more.

use jobs::{Claimed, Error, JobState, Level, NewLine, Options, Outcome, Queue};
use sea_orm::TransactionTrait;
use serde_json::{Value, json};
use types::Timestamp;

use crate::support::{NOON_MS, Place, add, claim, job};

on_both! {
    a_lost_lease_fences_everything,
    a_renewed_lease_holds,
    an_expired_last_attempt_is_dead,
    an_expired_job_that_was_cancelled_is_cancelled,
    a_release_gives_the_attempt_back,
    a_fence_keeps_a_late_handler_from_writing,
}

fn line(text: &str) -> Vec<NewLine> {
    vec![NewLine {
        at: Timestamp(NOON_MS),
        level: Level::Info,
        source: "test".to_owned(),
        line: text.to_owned(),
    }]
}

/// Everything that needs a lease is refused.
async fn assert_lost(queue: &Queue, place: &Place, claimed: &Claimed) {
    let lease = &claimed.lease;
    let refused = [
        queue.heartbeat(lease).await.err(),
        queue.log(lease, line("too late")).await.err(),
        queue.progress(lease, &json!(1)).await.err(),
        queue.fence(&place.write, lease).await.err(),
        queue.release(lease).await.err(),
        queue
            .finish(lease, Outcome::Done(json!("too late")))
            .await
            .err(),
    ];
    for error in refused {
        assert!(
            matches!(error, Some(Error::LeaseLost(id)) if id == claimed.job.id),
            "{error:?}"
        );
    }
}

async fn a_lost_lease_fences_everything(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let first = claim(&queue).await.expect("a job");
    queue.log(&first.lease, line("one")).await.expect("logged");
    place.advance(30);
    assert_eq!(
        claim(&queue).await,
        None,
        "the lease holds to its last moment"
    );
    place.advance(1);
    let second = place
        .elsewhere(Options::default())
        .await
        .claim("other", &["work"])
        .await
        .expect("a claim")
        .expect("the job again");
    assert_eq!((second.job.id, second.job.attempt), (id, 2));
    assert_ne!(second.lease, first.lease);
    assert_lost(&queue, place, &first).await;

    queue.log(&second.lease, line("two")).await.expect("logged");
    queue
        .progress(&second.lease, &json!({"done": 1}))
        .await
        .expect("reported");
    queue
        .finish(&second.lease, Outcome::Done(json!("second")))
        .await
        .expect("finished");
    assert_lost(&queue, place, &second).await;
    let job = queue.get(id).await.expect("the job");
    assert_eq!(
        (job.state, job.result.as_deref()),
        (JobState::Succeeded, Some("\"second\""))
    );
    assert_eq!(job.progress.as_deref(), Some("{\"done\":1}"));
    let lines = queue.logs_after(id, 0, 10).await.expect("lines");
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line.seq, line.line.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (1, "one"),
            (2, "Worker tester stopped reporting. The job runs again."),
            (3, "two")
        ]
    );
}

async fn a_renewed_lease_holds(place: &Place) {
    let queue = place.queue();
    add(&queue, &place.write, job("work")).await;
    let claimed = claim(&queue).await.expect("a job");
    for beat in 1..=5 {
        place.advance(20);
        let heartbeat = queue.heartbeat(&claimed.lease).await.expect("renewed");
        assert_eq!(heartbeat.lease_until_ms, NOON_MS + beat * 20_000 + 30_000);
        assert_eq!(queue.reclaim_expired().await.expect("looked"), 0);
    }
    let state = queue
        .finish(&claimed.lease, Outcome::Done(Value::Null))
        .await;
    assert_eq!(state.expect("finished"), JobState::Succeeded);
}

async fn an_expired_last_attempt_is_dead(place: &Place) {
    let queue = place.queue();
    let id = add(
        &queue,
        &place.write,
        job("work").tenant("acme").max_attempts(2),
    )
    .await;
    for attempt in 1..=2 {
        assert_eq!(claim(&queue).await.expect("a job").job.attempt, attempt);
        place.advance(31);
    }
    assert_eq!(claim(&queue).await, None);
    let job = queue.get(id).await.expect("the job");
    assert_eq!((job.state, job.attempt), (JobState::Dead, 2));
    assert_eq!(
        job.error.as_deref(),
        Some("Worker tester stopped reporting.")
    );
    assert!(place.slots().await.iter().all(|slot| slot.running == 0));
}

async fn an_expired_job_that_was_cancelled_is_cancelled(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    claim(&queue).await.expect("a job");
    assert_eq!(
        queue.cancel(id, false).await.expect("asked"),
        JobState::Running
    );
    place.advance(31);
    assert_eq!(queue.reclaim_expired().await.expect("reclaimed"), 1);
    assert_eq!(
        queue.get(id).await.expect("the job").state,
        JobState::Cancelled
    );
}

async fn a_release_gives_the_attempt_back(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work").max_attempts(1)).await;
    for _ in 0..3 {
        let claimed = claim(&queue).await.expect("a job");
        assert_eq!(claimed.job.attempt, 1);
        assert_eq!(
            queue.release(&claimed.lease).await.expect("released"),
            JobState::Queued
        );
        assert_lost(&queue, place, &claimed).await;
    }
    let claimed = claim(&queue).await.expect("a job");
    queue.cancel(id, false).await.expect("asked");
    assert_eq!(
        queue.release(&claimed.lease).await.expect("released"),
        JobState::Cancelled
    );
}

async fn a_fence_keeps_a_late_handler_from_writing(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let claimed = claim(&queue).await.expect("a job");
    let tx = place.write.begin().await.expect("a transaction");
    queue
        .fence(&tx, &claimed.lease)
        .await
        .expect("the lease holds");
    add_in(&queue, &tx).await;
    tx.commit().await.expect("committed");

    queue.cancel(id, true).await.expect("cancelled");
    let tx = place.write.begin().await.expect("a transaction");
    add_in(&queue, &tx).await;
    let refused = queue.fence(&tx, &claimed.lease).await;
    assert!(matches!(refused, Err(Error::LeaseLost(_))));
    tx.rollback().await.expect("rolled back");
    assert_eq!(
        queue.stats().await.expect("stats").waiting,
        1,
        "only the first was written"
    );
}

async fn add_in(queue: &Queue, tx: &sea_orm::DatabaseTransaction) {
    queue.enqueue(tx, job("follow-up")).await.expect("enqueued");
}
