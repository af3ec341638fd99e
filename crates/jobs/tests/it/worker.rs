//! Workers that crash, panic, stop, and take too long.

use std::{sync::Arc, time::Duration};

use jobs::{CancelReason, Handler, JobContext, JobState, Outcome, WorkerOptions};
use sea_orm::{ConnectionTrait as _, Statement, TransactionTrait as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::support::{
    Place, Run, Running, add, all, eventually, job, quick_heartbeat, soon, state, worker,
};

on_both! {
    a_job_of_a_killed_worker_runs_again,
    a_panic_is_a_failed_attempt,
    a_stopping_worker_hands_its_jobs_back,
    a_job_that_ends_within_the_grace_counts,
    a_lost_lease_stops_the_handler,
    an_attempt_that_takes_too_long_fails,
    a_handler_gets_its_payload,
    no_more_jobs_at_once_than_slots,
}

async fn a_job_of_a_killed_worker_runs_again(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work").tenant("acme")).await;
    let (told, mut hear) = mpsc::unbounded_channel();
    let held = Arc::new(());
    for attempt in 1..=3 {
        let (told, kept) = (told.clone(), Arc::clone(&held));
        let hanging = Run("work", move |context: JobContext| {
            let (told, kept) = (told.clone(), Arc::clone(&kept));
            async move {
                let _kept = kept;
                context
                    .log()
                    .info("", format!("attempt {}", context.attempt()))
                    .await;
                context.log().flush().await;
                told.send(context.attempt()).expect("heard");
                std::future::pending().await
            }
        });
        let running = Running::start(&queue, worker("doomed", 2), hanging);
        assert_eq!(soon(hear.recv()).await, Some(attempt));
        running.kill().await;
        let gone = async || (Arc::strong_count(&held) == 1).then_some(());
        eventually("the handler is gone", gone).await;
        let job = queue.get(id).await.expect("the job");
        assert_eq!(job.state, JobState::Running, "nobody knows yet");
        place.advance(31);
    }
    let works = Run("work", async |context: JobContext| {
        context.log().info("", "attempt 4").await;
        Outcome::Done(json!(context.is_last_attempt()))
    });
    let running = Running::start(&queue, worker("healthy", 2), works);
    let job = state(&queue, id, JobState::Succeeded).await;
    assert_eq!((job.attempt, job.result.as_deref()), (4, Some("false")));
    running.stop().await;
    let lines = queue.logs_after(id, 0, 100).await.expect("lines");
    let own: Vec<_> = lines.iter().filter(|line| line.source.is_empty()).collect();
    assert_eq!(own.len(), 4, "each attempt's lines are kept");
    assert!(lines.iter().zip(1..).all(|(line, seq)| line.seq == seq));
}

async fn a_panic_is_a_failed_attempt(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work").max_attempts(1)).await;
    let other = add(&queue, &place.write, job("work")).await;
    let panics = Run("work", async |context: JobContext| {
        assert!(
            !context.is_last_attempt(),
            "no luck with {}",
            context.job().kind
        );
        Outcome::Done(Value::Null)
    });
    let running = Running::start(&queue, worker("w", 1), panics);
    let job = state(&queue, id, JobState::Dead).await;
    assert_eq!(
        job.error.as_deref(),
        Some("The handler panicked: no luck with work")
    );
    state(&queue, other, JobState::Succeeded).await;
    running.stop().await;
}

async fn a_stopping_worker_hands_its_jobs_back(place: &Place) {
    let queue = place.queue();
    let (told, mut hear) = mpsc::unbounded_channel();
    let handler = Run("work", move |context: JobContext| {
        let told = told.clone();
        async move {
            told.send(None).expect("heard");
            if context.payload::<bool>().expect("a payload") {
                context.cancelled().cancelled().await;
                told.send(context.cancel_reason()).expect("heard");
                return Outcome::Cancelled;
            }
            std::future::pending().await
        }
    });
    let options = WorkerOptions {
        grace: Duration::from_millis(100),
        ..worker("w", 2)
    };
    let running = Running::start(&queue, options, handler);
    for obedient in [true, false, true] {
        add(
            &queue,
            &place.write,
            jobs::NewJob::new("work", json!(obedient)),
        )
        .await;
    }
    assert_eq!(
        [soon(hear.recv()).await, soon(hear.recv()).await],
        [Some(None), Some(None)]
    );
    running.stop().await;
    assert_eq!(soon(hear.recv()).await, Some(Some(CancelReason::Shutdown)));
    assert_eq!(soon(hear.recv()).await, None, "the third was never started");
    for job in all(&queue).await {
        assert_eq!(
            (job.state, job.attempt),
            (JobState::Queued, 0),
            "handed back, not counted"
        );
        assert_eq!((job.lease_token, job.lease_until_ms), (None, None));
    }
}

/// The worker is told to stop while the database still looks for its next job.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_claimed_while_the_worker_stops_is_handed_back() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let held = place.write.begin().await.expect("a transaction");
    held.execute_unprepared("LOCK TABLE job IN ACCESS EXCLUSIVE MODE")
        .await
        .expect("locked");
    let (told, mut hear) = mpsc::unbounded_channel();
    let handler = Run("work", move |_| {
        told.send("it ran").expect("heard");
        std::future::ready(Outcome::Done(Value::Null))
    });
    let running = Running::start(&queue, worker("w", 1), handler);
    let claims = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'job'::regclass";
    let claims = Statement::from_string(place.write.get_database_backend(), claims);
    eventually("a claim that waits", async || {
        let found = place.write.query_one_raw(claims.clone()).await;
        found.expect("an answer").map(drop)
    })
    .await;
    let stopping = running.tell();
    held.commit().await.expect("let go");
    stopping.stop().await;
    assert_eq!(soon(hear.recv()).await, None);
    let job = queue.get(id).await.expect("the job");
    assert_eq!((job.state, job.attempt), (JobState::Queued, 0));
    place.check_counters().await;
}

async fn a_job_that_ends_within_the_grace_counts(place: &Place) {
    let queue = place.queue();
    let started = Arc::new(Notify::new());
    let tell = Arc::clone(&started);
    let handler = Run("work", move |context: JobContext| {
        let tell = Arc::clone(&tell);
        async move {
            tell.notify_one();
            context.cancelled().cancelled().await;
            Outcome::Done(json!("just in time"))
        }
    });
    let id = add(&queue, &place.write, job("work")).await;
    let running = Running::start(&queue, worker("w", 1), handler);
    soon(started.notified()).await;
    running.stop().await;
    let job = queue.get(id).await.expect("the job");
    assert_eq!((job.state, job.attempt), (JobState::Succeeded, 1));
}

async fn a_lost_lease_stops_the_handler(place: &Place) {
    let queue = place.queue_with(quick_heartbeat());
    let (told, mut hear) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let handler = Run("work", move |context: JobContext| {
        let (told, wait) = (told.clone(), Arc::clone(&wait));
        async move {
            told.send(None).expect("heard");
            context.cancelled().cancelled().await;
            told.send(context.cancel_reason()).expect("heard");
            // Its slot stays taken, so that it does not get the job again itself.
            wait.notified().await;
            Outcome::Done(json!("stale"))
        }
    });
    let running = Running::start(&queue, worker("slow", 1), handler);
    let elsewhere = place.elsewhere(quick_heartbeat()).await;
    let id = add(&elsewhere, &place.write, job("work")).await;
    assert_eq!(soon(hear.recv()).await, Some(None));
    // Somebody else gets the job before the heartbeat comes.
    let claimed = eventually("the job is taken over", async || {
        place.advance(1);
        elsewhere.claim("other", &["work"]).await.expect("a claim")
    })
    .await;
    assert_eq!(soon(hear.recv()).await, Some(Some(CancelReason::LeaseLost)));
    go.notify_one();
    running.stop().await;
    let job = elsewhere.get(id).await.expect("the job");
    assert_eq!(
        (job.state, job.attempt, job.worker.as_deref()),
        (JobState::Running, 2, Some("other"))
    );
    elsewhere
        .finish(&claimed.lease, Outcome::Done(json!("fresh")))
        .await
        .expect("finished");
    let job = elsewhere.get(id).await.expect("the job");
    assert_eq!(job.result.as_deref(), Some("\"fresh\""));
}

struct Slow;

#[async_trait::async_trait]
impl Handler for Slow {
    fn kind(&self) -> &'static str {
        "work"
    }

    async fn run(&self, context: JobContext) -> Outcome {
        context.cancelled().cancelled().await;
        assert_eq!(context.cancel_reason(), Some(CancelReason::TimedOut));
        Outcome::Cancelled
    }

    fn timeout(&self) -> Option<Duration> {
        Some(Duration::from_millis(50))
    }
}

async fn an_attempt_that_takes_too_long_fails(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work").max_attempts(1)).await;
    let running = Running::start(&queue, worker("w", 1), Slow);
    let job = state(&queue, id, JobState::Dead).await;
    assert_eq!(job.error.as_deref(), Some("It took longer than 0.05 s."));
    running.stop().await;
}

#[derive(Deserialize)]
struct Payload {
    stack: String,
}

async fn a_handler_gets_its_payload(place: &Place) {
    let queue = place.queue();
    let handler = Run("work", async |context: JobContext| {
        context
            .progress(&json!({"step": 1}))
            .await
            .expect("reported");
        match context.payload::<Payload>() {
            Ok(payload) => Outcome::Done(json!(payload.stack)),
            Err(error) => Outcome::Fail(error.to_string()),
        }
    });
    let running = Running::start(&queue, worker("w", 2), handler);
    let good = jobs::NewJob::new("work", json!({"stack": "media"}));
    let good = add(&queue, &place.write, good).await;
    let bad = add(&queue, &place.write, job("work")).await;
    let done = state(&queue, good, JobState::Succeeded).await;
    assert_eq!(done.result.as_deref(), Some("\"media\""));
    assert_eq!(done.progress.as_deref(), Some("{\"step\":1}"));
    let failed = state(&queue, bad, JobState::Failed)
        .await
        .error
        .expect("a reason");
    assert!(failed.contains("missing field `stack`"), "{failed}");
    running.stop().await;
}

async fn no_more_jobs_at_once_than_slots(place: &Place) {
    let queue = place.queue();
    for _ in 0..5 {
        add(&queue, &place.write, job("work")).await;
    }
    let (go, started) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (wait, tell) = (Arc::clone(&go), Arc::clone(&started));
    let handler = Run("work", move |_| {
        let (wait, tell) = (Arc::clone(&wait), Arc::clone(&tell));
        async move {
            tell.notify_one();
            wait.notified().await;
            Outcome::Done(Value::Null)
        }
    });
    let running = Running::start(&queue, worker("w", 2), handler);
    let stats = |running, waiting| {
        let queue = queue.clone();
        async move {
            let stats = queue.stats().await.expect("stats");
            ((stats.running, stats.waiting) == (running, waiting)).then_some(())
        }
    };
    for left in (0..=3).rev() {
        eventually("both slots are used", || stats(2, left)).await;
        go.notify_one();
    }
    go.notify_one();
    eventually("all done", || stats(0, 0)).await;
    running.stop().await;
    soon(started.notified()).await;
}
