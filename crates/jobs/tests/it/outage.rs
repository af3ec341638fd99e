//! A database that goes away and comes back.

use std::sync::Arc;

use jobs::{JobContext, JobState, Options, Outcome};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use crate::support::{Place, Run, Running, add, connect, eventually, job, soon, state, worker};

/// PostgreSQL only: nothing takes a file away from SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn work_goes_on_after_all_connections_broke() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let queue = place.elsewhere(Options::default()).await;
    let (go, (told, mut hear)) = (Arc::new(Notify::new()), mpsc::unbounded_channel());
    let wait = Arc::clone(&go);
    let handler = Run("work", move |context: JobContext| {
        let (wait, told) = (Arc::clone(&wait), told.clone());
        async move {
            told.send(context.attempt()).expect("heard");
            wait.notified().await;
            context.log().info("", "the database is away").await;
            Outcome::Done(json!(context.attempt()))
        }
    });
    let running = Running::start(&queue, worker("w", 1), handler);
    let before = add(&queue, &place.write, job("work")).await;
    assert_eq!(soon(hear.recv()).await, Some(1));
    // Refuse new connections and break those that are there.
    place.write.clone().close().await.expect("closed");
    let name = place.url.rsplit('/').next().expect("a name");
    let admin = connect(&place.url.replace(name, "postgres"), 1).await;
    let refuse = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    admin.execute_unprepared(&refuse).await.expect("refused");
    let broken = format!("FROM pg_stat_activity WHERE datname = '{name}'");
    let break_all = format!("SELECT pg_terminate_backend(pid) {broken}");
    admin.execute_unprepared(&break_all).await.expect("broken");
    go.notify_one();
    eventually("the worker notices", async || {
        queue.stats().await.err().map(|_| ())
    })
    .await;
    let accept = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    admin.execute_unprepared(&accept).await.expect("accepted");

    let job_before = eventually("the job's end is written", async || {
        let job = queue.get(before).await.ok()?;
        (job.state == JobState::Succeeded).then_some(job)
    })
    .await;
    assert_eq!(
        job_before.result.as_deref(),
        Some("1"),
        "by the attempt that was running"
    );
    let lines = queue.logs_after(before, 0, 10).await.expect("lines");
    assert_eq!(lines.len(), 1, "and its line was kept");
    let write = connect(&place.url, 1).await;
    let after = add(&queue, &write, job("work")).await;
    assert_eq!(soon(hear.recv()).await, Some(1));
    go.notify_one();
    state(&queue, after, JobState::Succeeded).await;
    running.stop().await;
    write.close().await.expect("closed");
    place.drop_database().await;
}
