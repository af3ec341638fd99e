//! A job's log: its order, reading on from a line, and following it.

use std::{sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _};
use jobs::{Error, JobContext, JobState, LogBatch, LogLine, Options, Outcome, Queue};
use serde_json::{Value, json};
use tokio::sync::Notify;
use types::JobId;

use crate::support::{Place, Run, Running, add, claim, job, soon, state, worker};

on_both! {
    lines_keep_their_order,
    a_follower_sees_everything_as_it_comes,
    a_follower_reads_on_where_it_stopped,
    a_follower_in_another_process_sees_it_as_well,
    a_follower_sees_state_and_progress,
    following_nothing_says_so,
    a_log_has_an_end,
    lines_are_made_storable,
}

const LINES: i64 = 1_300;

/// Writes many lines from two tasks, so that they are collected and flushed.
fn chatty() -> impl jobs::Handler {
    Run("work", async |context: JobContext| {
        let log = context.log().clone();
        let half = tokio::spawn(async move {
            for number in 0..LINES / 2 {
                log.info("left", number.to_string()).await;
            }
        });
        for number in 0..LINES / 2 {
            context.log().warn("right", number.to_string()).await;
        }
        half.await.expect("written");
        Outcome::Done(Value::Null)
    })
}

/// Numbers without gaps from `first` on, and each source's lines in their order.
fn assert_ordered(lines: &[LogLine], first: i64) {
    assert!(
        lines.iter().zip(first..).all(|(line, seq)| line.seq == seq),
        "no gaps"
    );
    for source in ["left", "right"] {
        let numbers: Vec<i64> = lines
            .iter()
            .filter(|line| line.source == source)
            .map(|line| line.line.parse().expect("a number"))
            .collect();
        assert!(
            numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
            "{source} in order"
        );
    }
}

async fn collect(stream: impl Stream<Item = Result<LogBatch, Error>>) -> (Vec<LogLine>, LogBatch) {
    let all = async {
        let batches: Vec<_> = stream.map(|batch| batch.expect("a batch")).collect().await;
        let last = batches.last().expect("at least one batch").clone();
        assert!(batches.iter().rev().skip(1).all(|batch| !batch.last));
        (
            batches.into_iter().flat_map(|batch| batch.lines).collect(),
            last,
        )
    };
    tokio::time::timeout(Duration::from_secs(30), all)
        .await
        .expect("the stream ends")
}

async fn lines_keep_their_order(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let running = Running::start(&queue, worker("w", 1), chatty());
    state(&queue, id, JobState::Succeeded).await;
    running.stop().await;
    let mut lines = Vec::new();
    loop {
        let after = lines.last().map_or(0, |line: &LogLine| line.seq);
        let page = queue.logs_after(id, after, 100).await.expect("lines");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 100);
        lines.extend(page);
    }
    assert_eq!(i64::try_from(lines.len()), Ok(LINES));
    assert_ordered(&lines, 1);
    assert_eq!(
        lines.iter().filter(|line| line.level == "warn").count(),
        650
    );
    assert_eq!(queue.get(id).await.expect("the job").log_seq, LINES);
}

async fn a_follower_sees_everything_as_it_comes(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let following = tokio::spawn(collect(queue.follow(id, 0)));
    let running = Running::start(&queue, worker("w", 1), chatty());
    let (lines, last) = following.await.expect("joined");
    running.stop().await;
    assert_eq!(i64::try_from(lines.len()), Ok(LINES));
    assert_ordered(&lines, 1);
    assert!(last.last && last.state == JobState::Succeeded);
}

/// As a browser that lost its connection does with `Last-Event-ID`.
async fn a_follower_reads_on_where_it_stopped(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let running = Running::start(&queue, worker("w", 1), chatty());
    let mut lines = Vec::new();
    let mut last_event_id = 0;
    let mut connections = 0;
    loop {
        connections += 1;
        let mut ended = false;
        {
            // Each connection breaks after one batch with lines.
            let mut stream = std::pin::pin!(queue.follow(id, last_event_id));
            while let Some(batch) = soon(stream.next()).await {
                let batch = batch.expect("a batch");
                ended = batch.last;
                if let Some(seq) = batch.last_seq() {
                    last_event_id = seq;
                    lines.extend(batch.lines);
                    break;
                }
            }
        }
        if ended {
            break;
        }
    }
    running.stop().await;
    assert!(connections > 1);
    assert_eq!(i64::try_from(lines.len()), Ok(LINES));
    assert_ordered(&lines, 1);
    let (again, _) = collect(queue.follow(id, 0)).await;
    assert_eq!(again, lines, "a page that is opened later shows the same");
    let (rest, last) = collect(queue.follow(id, 1_234)).await;
    assert_ordered(&rest, 1_235);
    assert_eq!(rest.len(), 66);
    assert!(last.last);
    let (nothing, last) = collect(queue.follow(id, LINES)).await;
    assert!(nothing.is_empty() && last.last);
}

async fn a_follower_in_another_process_sees_it_as_well(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let elsewhere = place
        .elsewhere(Options {
            follow_poll: Duration::from_millis(20),
            ..Options::default()
        })
        .await;
    let following = tokio::spawn(collect(elsewhere.follow(id, 0)));
    let running = Running::start(&queue, worker("w", 1), chatty());
    let (lines, last) = following.await.expect("joined");
    running.stop().await;
    assert_eq!(i64::try_from(lines.len()), Ok(LINES));
    assert_ordered(&lines, 1);
    assert_eq!(last.state, JobState::Succeeded);
}

async fn a_follower_sees_state_and_progress(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work").max_attempts(1)).await;
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let handler = Run("work", move |context: JobContext| {
        let wait = Arc::clone(&wait);
        async move {
            context.progress(&json!(50)).await.expect("reported");
            wait.notified().await;
            Outcome::retry("no more")
        }
    });
    let mut stream = std::pin::pin!(queue.follow(id, 0));
    let first = next(&mut stream).await;
    assert_eq!(
        (first.state, first.attempt, first.progress),
        (JobState::Queued, 0, None)
    );
    let running = Running::start(&queue, worker("w", 1), handler);
    let mut batch = next(&mut stream).await;
    while batch.progress.is_none() {
        batch = next(&mut stream).await;
    }
    assert_eq!(
        (batch.state, batch.progress.as_deref()),
        (JobState::Running, Some("50"))
    );
    assert!(!batch.cancel_requested);
    go.notify_one();
    let last = next(&mut stream).await;
    assert_eq!(
        (last.state, last.error.as_deref()),
        (JobState::Dead, Some("no more"))
    );
    assert!(last.last && stream.next().await.is_none());
    running.stop().await;
}

async fn next(stream: &mut (impl Stream<Item = Result<LogBatch, Error>> + Unpin)) -> LogBatch {
    let next = tokio::time::timeout(Duration::from_secs(20), stream.next()).await;
    next.expect("news in time")
        .expect("a batch")
        .expect("no error")
}

async fn following_nothing_says_so(place: &Place) {
    let queue = place.queue();
    let nobody = JobId(uuid::Uuid::nil());
    let all: Vec<_> = queue.follow(nobody, 0).collect().await;
    assert!(matches!(all.as_slice(), [Err(Error::NotFound(id))] if *id == nobody));
}

async fn written(queue: &Queue, place: &Place, texts: Vec<String>) -> Vec<LogLine> {
    let id = add(queue, &place.write, job("work")).await;
    let lease = claim(queue).await.expect("a job").lease;
    let lines = texts.into_iter().map(|line| jobs::NewLine {
        at: types::Timestamp(1),
        level: jobs::Level::Error,
        source: "test".to_owned(),
        line,
    });
    // Two calls, so that the second begins near the limit.
    let mut lines: Vec<_> = lines.collect();
    let rest = lines.split_off(lines.len() / 2);
    queue.log(&lease, lines).await.expect("logged");
    queue.log(&lease, rest).await.expect("logged");
    queue.log(&lease, Vec::new()).await.expect("nothing to log");
    queue.logs_after(id, 0, 30_000).await.expect("lines")
}

async fn a_log_has_an_end(place: &Place) {
    let queue = place.queue_with(Options {
        max_log_lines: 7,
        ..Options::default()
    });
    let lines = written(
        &queue,
        place,
        (1..=12).map(|number| number.to_string()).collect(),
    )
    .await;
    assert_eq!(lines.len(), 7);
    assert_eq!(
        (lines[5].line.as_str(), lines[5].level.as_str()),
        ("6", "error")
    );
    assert_eq!(lines[6].line, "The log ends here: a job may write 7 lines.");
    // More rows than one statement can hold.
    let queue = place.queue();
    let many = written(&queue, place, vec![String::from("x"); 24_000]).await;
    assert_eq!(many.len(), 24_000);
}

async fn lines_are_made_storable(place: &Place) {
    let queue = place.queue();
    let long = "ü".repeat(5_000);
    let lines = written(&queue, place, vec!["a\0b".to_owned(), long]).await;
    assert_eq!(lines[0].line, "a\u{fffd}b");
    assert_eq!(
        lines[1].line,
        "ü".repeat(4_096),
        "cut at 8 KiB, between characters"
    );
}
