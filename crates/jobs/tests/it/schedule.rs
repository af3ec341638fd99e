//! Schedules: each due time once.

use std::sync::Arc;

use futures::future::join_all;
use jobs::{Error, JobState, Options, Outcome, Queue, Scheduler, entity::job_schedule};
use sea_orm::EntityTrait;
use serde_json::json;
use tokio::sync::Barrier;
use tokio_util::sync::CancellationToken;
use types::Timestamp;

use crate::support::{NOON_MS, Place, all, claim, eventually, job};

on_both! {
    two_schedulers_enqueue_each_due_time_once,
    missed_times_are_made_up_for_by_one_job,
    a_changed_expression_starts_anew,
    a_scheduler_runs_until_it_is_stopped,
    a_wrong_expression_is_refused,
}

fn every(queue: &Queue, cron: &str) -> Scheduler {
    Scheduler::new(queue.clone())
        .every("report", cron, |due| {
            jobs::NewJob::new("work", json!(due.0))
        })
        .expect("a schedule")
}

async fn two_schedulers_enqueue_each_due_time_once(place: &Place) {
    let mut schedulers = Vec::new();
    for _ in 0..4 {
        let queue = place.elsewhere(Options::default()).await;
        schedulers.push(every(&queue, "*/5 * * * *"));
    }
    let queue = place.queue();
    for round in 0..4 {
        let start = Arc::new(Barrier::new(4));
        let ticks = schedulers.iter().cloned().map(|scheduler| {
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                start.wait().await;
                scheduler.tick().await.expect("a tick")
            })
        });
        let new: usize = join_all(ticks)
            .await
            .into_iter()
            .map(|new| new.expect("joined").len())
            .sum();
        assert_eq!(
            new,
            usize::from(round > 0),
            "round {round}: one of them was first"
        );
        place.advance(300);
    }
    let mut due: Vec<_> = all(&queue)
        .await
        .into_iter()
        .map(|job| job.payload)
        .collect();
    due.sort();
    let expected = [5, 10, 15].map(|minute| (NOON_MS + minute * 60_000).to_string());
    assert_eq!(due, expected);
}

async fn missed_times_are_made_up_for_by_one_job(place: &Place) {
    let queue = place.queue();
    let scheduler = every(&queue, "* * * * *");
    assert!(scheduler.tick().await.expect("a tick").is_empty());
    place.advance(3_630);
    assert_eq!(scheduler.tick().await.expect("a tick").len(), 1);
    assert!(scheduler.tick().await.expect("a tick").is_empty());
    let claimed = claim(&queue).await.expect("the job");
    assert_eq!(claimed.job.payload, (NOON_MS + 60_000).to_string());
    assert_eq!(claim(&queue).await, None);
    place.advance(30);
    assert_eq!(
        scheduler.tick().await.expect("a tick").len(),
        1,
        "on time again"
    );
    let row = job_schedule::Entity::find()
        .one(&place.write)
        .await
        .expect("read")
        .expect("a row");
    assert_eq!(row.last_ms, Some(NOON_MS + 3_660_000));
    assert_eq!(row.due_ms, NOON_MS + 3_720_000);
}

async fn a_changed_expression_starts_anew(place: &Place) {
    let queue = place.queue();
    every(&queue, "* * * * *").tick().await.expect("a tick");
    place.advance(120);
    let hourly = every(&queue, "0 * * * *");
    assert!(
        hourly.tick().await.expect("a tick").is_empty(),
        "it makes up for nothing"
    );
    let row = job_schedule::Entity::find()
        .one(&place.write)
        .await
        .expect("read")
        .expect("a row");
    assert_eq!(
        (row.cron.as_str(), row.due_ms),
        ("0 * * * *", NOON_MS + 3_600_000)
    );
}

async fn a_scheduler_runs_until_it_is_stopped(place: &Place) {
    let queue = place.queue();
    let scheduler = every(&queue, "0 0 * * *");
    scheduler.tick().await.expect("a tick");
    place.advance(86_400);
    let stop = CancellationToken::new();
    let running = tokio::spawn(scheduler.run(stop.clone()));
    let claimed = eventually("the job", async || claim(&queue).await).await;
    let due = Timestamp(NOON_MS + 43_200_000);
    assert_eq!(claimed.job.payload, due.0.to_string(), "midnight in UTC");
    assert_eq!(
        claimed.job.idempotency_key,
        Some(format!("schedule:report:{}", due.0))
    );
    let ended = queue
        .finish(&claimed.lease, Outcome::Done(json!(null)))
        .await;
    assert_eq!(ended.expect("finished"), JobState::Succeeded);
    stop.cancel();
    running.await.expect("stopped");
}

async fn a_wrong_expression_is_refused(place: &Place) {
    let refused = Scheduler::new(place.queue()).every("bad", "every day", |_| job("work"));
    let Err(Error::Invalid(sentence)) = refused.map(|_| ()) else {
        panic!("it was accepted");
    };
    assert!(
        sentence.starts_with("The schedule bad has no valid cron expression"),
        "{sentence}"
    );
}
