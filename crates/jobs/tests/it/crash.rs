//! Processes that are killed with SIGKILL while they work.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jobs::{Job, JobContext, JobState, Options, Outcome, Queue, SystemClock, SystemEntropy};
use serde_json::json;

use crate::support::{Place, Run, Running, add, all, connections, eventually, job, worker};

on_both! {
    nothing_is_lost_when_processes_are_killed,
}

/// The database of the test that started this process.
const DATABASE: &str = "JOBS_TEST_DATABASE";
/// The name of its worker.
const WORKER: &str = "JOBS_TEST_WORKER";
const JOBS: usize = 60;
const KILLS: usize = 4;
const SLOTS: usize = 4;

/// Short, because this test runs by the machine's clock.
fn options() -> Options {
    Options {
        lease: Duration::from_secs(3),
        ..Options::default()
    }
}

async fn open(url: &str) -> Queue {
    let (write, read) = connections(url).await;
    Queue::new(
        write,
        read,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        options(),
    )
}

fn start_process(place: &Place, name: &str) -> Child {
    let tests = std::env::current_exe().expect("this program");
    Command::new(tests)
        .args(["--exact", "crash::a_process_that_works", "--ignored"])
        .env(DATABASE, &place.url)
        .env(WORKER, name)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process")
}

async fn nothing_is_lost_when_processes_are_killed(place: &Place) {
    let queue = open(&place.url).await;
    for number in 0..JOBS {
        let mut new = job("work")
            .tenant(["acme", "bolt", "core"][number % 3])
            .max_attempts(50);
        if number % 4 == 0 {
            new = new.concurrency("one at a time", 1);
        }
        add(&queue, &place.write, new).await;
    }
    for round in 0..KILLS {
        let name = format!("victim-{round}");
        let mut process = start_process(place, &name);
        // At least one of the first three hangs, so that there is something to cut off.
        eventually("the process is busy", async || {
            let jobs = all(&queue).await;
            let at_work =
                |job: &&Job| job.state == JobState::Running && job.worker.as_deref() == Some(&name);
            (jobs.iter().filter(at_work).count() == SLOTS).then_some(())
        })
        .await;
        // Nothing is dropped, nothing handed back.
        process.kill().expect("killed");
        process.wait().expect("gone");
    }
    let survivor = Running::start(&queue, worker("survivor", SLOTS), works(false));
    let jobs = eventually("all jobs done", async || {
        let jobs = all(&queue).await;
        jobs.iter().all(Job::is_over).then_some(jobs)
    })
    .await;
    survivor.stop().await;
    let mut again = 0;
    for job in jobs {
        assert_eq!(
            (job.state, job.result.as_deref()),
            (JobState::Succeeded, Some("1"))
        );
        let more = usize::try_from(job.attempt - 1).expect("at least one");
        again += more;
        let lines = queue.logs_after(job.id, 0, 1_000).await.expect("lines");
        assert!(
            lines.iter().zip(1..).all(|(line, seq)| line.seq == seq),
            "no gaps"
        );
        let reclaims = lines.iter().filter(|line| line.source == "queue").count();
        assert_eq!(
            i64::try_from(reclaims),
            Ok(i64::from(job.attempt - 1)),
            "each is on record"
        );
        assert_eq!(lines.last().expect("a line").line, "done");
    }
    assert!(
        (1..=KILLS * 4).contains(&again),
        "only what was cut off ran again: {again}"
    );
}

/// Every third run hangs, if wanted, until its process is killed.
fn works(hang: bool) -> impl jobs::Handler {
    let runs = AtomicUsize::new(1);
    Run("work", move |context: JobContext| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        async move {
            context.log().info("", "begun").await;
            context.log().flush().await;
            context.progress(&json!(0.5)).await.expect("reported");
            if hang && run.is_multiple_of(3) {
                return std::future::pending().await;
            }
            context.log().info("", "done").await;
            Outcome::Done(json!(1))
        }
    })
}

/// Not a test: what the processes run that the test above kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is started by nothing_is_lost_when_processes_are_killed"]
#[expect(clippy::disallowed_methods, reason = "the parent names the database")]
async fn a_process_that_works() {
    let (Ok(url), Ok(name)) = (std::env::var(DATABASE), std::env::var(WORKER)) else {
        return;
    };
    let running = Running::start(&open(&url).await, worker(&name, SLOTS), works(true));
    // Until it is killed; a parent that has gone leaves it behind no longer than this.
    tokio::time::sleep(Duration::from_secs(60)).await;
    running.stop().await;
}
