//! Stopping jobs.

use std::{sync::Arc, time::Duration};

use jobs::{CancelReason, Error, JobContext, JobState, Options, Outcome, WorkerOptions};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use types::JobId;

use crate::support::{
    Place, Run, Running, add, claim, eventually, job, no_heartbeat, quick_heartbeat, soon, state,
    worker,
};

on_both! {
    a_queued_job_is_cancelled_at_once,
    a_running_job_is_asked_to_stop,
    a_request_from_another_process_arrives,
    a_request_arrives_with_the_next_lines,
    a_handler_that_does_not_stop_is_dropped,
    work_that_was_done_all_the_same_counts,
    force_ends_a_job_at_once,
    what_is_over_stays_as_it_is,
}

/// A handler that tells when it starts, waits until it has to stop, and tells why.
fn obedient(told: mpsc::UnboundedSender<Option<CancelReason>>) -> impl jobs::Handler {
    Run("work", move |context: JobContext| {
        let told = told.clone();
        async move {
            told.send(None).expect("heard");
            context.cancelled().cancelled().await;
            told.send(context.cancel_reason()).expect("heard");
            Outcome::Cancelled
        }
    })
}

async fn a_queued_job_is_cancelled_at_once(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    assert_eq!(
        queue.cancel(id, false).await.expect("cancelled"),
        JobState::Cancelled
    );
    assert_eq!(claim(&queue).await, None);
    let job = queue.get(id).await.expect("the job");
    assert!(job.is_over() && job.attempt == 0 && job.finished_ms.is_some());
}

async fn a_running_job_is_asked_to_stop(place: &Place) {
    let queue = place.queue();
    let (told, mut hear) = mpsc::unbounded_channel();
    let running = Running::start(&queue, worker("w", 1), obedient(told));
    let id = add(&queue, &place.write, job("work")).await;
    assert_eq!(soon(hear.recv()).await, Some(None), "started");
    assert_eq!(
        queue.cancel(id, false).await.expect("asked"),
        JobState::Running
    );
    assert_eq!(soon(hear.recv()).await, Some(Some(CancelReason::Requested)));
    let job = state(&queue, id, JobState::Cancelled).await;
    assert_eq!((job.attempt, job.error), (1, None));
    running.stop().await;
}

/// On PostgreSQL by NOTIFY, on SQLite by the next heartbeat.
async fn a_request_from_another_process_arrives(place: &Place) {
    let options = if place.is_postgres() {
        no_heartbeat()
    } else {
        quick_heartbeat()
    };
    let queue = place.queue_with(options);
    let (told, mut hear) = mpsc::unbounded_channel();
    let running = Running::start(&queue, worker("w", 1), obedient(told));
    let elsewhere = place.elsewhere(Options::default()).await;
    let id = add(&elsewhere, &place.write, job("work")).await;
    assert_eq!(soon(hear.recv()).await, Some(None), "started");
    if place.is_postgres() {
        // Whoever sends before the worker listens is not heard: ask until it is.
        let listens = "SELECT 1 FROM pg_stat_activity
             WHERE datname = current_database() AND query ILIKE 'LISTEN%'";
        eventually("a listener", async || {
            let look = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, listens);
            let found = sea_orm::ConnectionTrait::query_one_raw(&place.write, look).await;
            found.expect("looked")
        })
        .await;
    }
    elsewhere.cancel(id, false).await.expect("asked");
    assert_eq!(soon(hear.recv()).await, Some(Some(CancelReason::Requested)));
    state(&queue, id, JobState::Cancelled).await;
    running.stop().await;
}

async fn a_request_arrives_with_the_next_lines(place: &Place) {
    let queue = place.queue_with(no_heartbeat());
    let options = WorkerOptions {
        listen: false,
        ..worker("w", 1)
    };
    let chatty = Run("work", async |context: JobContext| {
        while context.cancel_reason().is_none() {
            context.log().info("", "still here").await;
            context.log().flush().await;
        }
        Outcome::Cancelled
    });
    let running = Running::start(&queue, options, chatty);
    let id = add(&queue, &place.write, job("work")).await;
    state(&queue, id, JobState::Running).await;
    let elsewhere = place.elsewhere(Options::default()).await;
    elsewhere.cancel(id, false).await.expect("asked");
    state(&queue, id, JobState::Cancelled).await;
    running.stop().await;
}

async fn a_handler_that_does_not_stop_is_dropped(place: &Place) {
    let queue = place.queue();
    let dropped = Arc::new(());
    let kept = Arc::clone(&dropped);
    let stubborn = Run("work", move |_| {
        let kept = Arc::clone(&kept);
        async move {
            let _kept = kept;
            std::future::pending().await
        }
    });
    let options = WorkerOptions {
        grace: Duration::from_millis(50),
        ..worker("w", 1)
    };
    let running = Running::start(&queue, options, stubborn);
    let id = add(&queue, &place.write, job("work")).await;
    state(&queue, id, JobState::Running).await;
    eventually("the handler runs", async || {
        (Arc::strong_count(&dropped) == 3).then_some(())
    })
    .await;
    queue.cancel(id, false).await.expect("asked");
    let job = state(&queue, id, JobState::Cancelled).await;
    assert_eq!(
        job.error.as_deref(),
        Some("It did not stop within 0.05 s and was dropped.")
    );
    assert_eq!(
        Arc::strong_count(&dropped),
        2,
        "the handler's future is gone"
    );
    running.stop().await;
}

async fn work_that_was_done_all_the_same_counts(place: &Place) {
    let queue = place.queue();
    for (outcome, expected) in [
        (Outcome::Done(json!("done")), JobState::Succeeded),
        (Outcome::Cancelled, JobState::Cancelled),
        (Outcome::retry("killed"), JobState::Cancelled),
        (Outcome::Fail("killed".to_owned()), JobState::Cancelled),
    ] {
        let id = add(&queue, &place.write, job("work")).await;
        let lease = claim(&queue).await.expect("a job").lease;
        queue.cancel(id, false).await.expect("asked");
        let beat = queue.heartbeat(&lease).await.expect("the lease holds");
        assert_eq!(beat.cancel_requested, jobs::CancelRequest::Cancel);
        let ended = queue
            .finish(&lease, outcome.clone())
            .await
            .expect("finished");
        assert_eq!(ended, expected, "{outcome:?}");
    }
}

async fn force_ends_a_job_at_once(place: &Place) {
    let queue = place.queue();
    let (told, mut hear) = mpsc::unbounded_channel();
    let running = Running::start(&queue, worker("w", 1), obedient(told));
    let id = add(&queue, &place.write, job("work").tenant("acme")).await;
    assert_eq!(soon(hear.recv()).await, Some(None), "started");
    assert_eq!(
        queue.cancel(id, true).await.expect("cancelled"),
        JobState::Cancelled
    );
    assert!(
        place.slots().await.iter().all(|slot| slot.running == 0),
        "its place is free"
    );
    assert_eq!(soon(hear.recv()).await, Some(Some(CancelReason::LeaseLost)));
    running.stop().await;
    let job = queue.get(id).await.expect("the job");
    assert_eq!((job.state, job.lease_token), (JobState::Cancelled, None));
    let lines = queue.logs_after(id, 0, 10).await.expect("lines");
    assert_eq!(lines[0].line, "Cancelled by force.");
}

async fn what_is_over_stays_as_it_is(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let lease = claim(&queue).await.expect("a job").lease;
    queue
        .finish(&lease, Outcome::Done(Value::Null))
        .await
        .expect("finished");
    let before = queue.get(id).await.expect("the job");
    assert_eq!(
        queue.cancel(id, true).await.expect("looked"),
        JobState::Succeeded
    );
    assert_eq!(queue.get(id).await.expect("the job"), before);
    let nobody = JobId(uuid::Uuid::nil());
    assert!(matches!(queue.cancel(nobody, true).await, Err(Error::NotFound(id)) if id == nobody));
}
