//! A database that goes away and comes back.

use std::sync::Arc;

use jobs::{JobContext, JobState, NewJob, Options, Outcome};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use crate::support::{Place, Run, Running, add, connect, eventually, soon, worker};

/// PostgreSQL only: nothing takes a file away from SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn work_goes_on_after_all_connections_broke() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let queue = place.elsewhere(Options::default()).await;
    let (told, mut hear) = mpsc::unbounded_channel();
    let go = Arc::new(Notify::new());
    let (wait, at_work) = (Arc::clone(&go), Arc::new(()));
    let handlers = Arc::clone(&at_work);
    let handler = Run("work", move |context: JobContext| {
        let (wait, told, at_work) = (Arc::clone(&wait), told.clone(), Arc::clone(&handlers));
        async move {
            told.send(context.attempt()).expect("heard");
            wait.notified().await;
            if context.payload().expect("a payload") {
                context.log().info("", "the database is away").await;
            }
            drop(at_work);
            Outcome::Done(json!(context.attempt()))
        }
    });
    let running = Running::start(&queue, worker("w", 1), handler);
    place.write.clone().close().await.expect("closed");
    let name = place.url.rsplit('/').next().expect("a name");
    let admin = connect(&place.url.replace(name, "postgres"), 1).await;
    // With a line to write at the end, and with nothing but the end.
    for lines in [true, false] {
        let write = connect(&place.url, 1).await;
        let id = add(&queue, &write, NewJob::new("work", json!(lines))).await;
        write.close().await.expect("closed");
        assert_eq!(soon(hear.recv()).await, Some(1));
        // Refuse new connections and break those that are there.
        let refuse = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        admin.execute_unprepared(&refuse).await.expect("refused");
        let broken = format!("FROM pg_stat_activity WHERE datname = '{name}'");
        let break_all = format!("SELECT pg_terminate_backend(pid) {broken}");
        admin.execute_unprepared(&break_all).await.expect("broken");
        go.notify_one();
        // The handler has ended, and the worker's first attempts to say so failed.
        eventually("the handler's end", async || {
            (Arc::strong_count(&at_work) == 2).then_some(())
        })
        .await;
        for _ in 0..3 {
            eventually("an error", async || queue.stats().await.err()).await;
        }
        let accept = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        admin.execute_unprepared(&accept).await.expect("accepted");
        let job = eventually("the job's end is written", async || {
            let job = queue.get(id).await.ok()?;
            (job.state == JobState::Succeeded).then_some(job)
        })
        .await;
        assert_eq!(
            job.result.as_deref(),
            Some("1"),
            "by the attempt that was running"
        );
        assert_eq!(job.log_seq, i64::from(lines), "and its line was kept");
    }
    running.stop().await;
}
