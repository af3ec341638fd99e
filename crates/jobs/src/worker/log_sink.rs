//! A handler's log: lines are collected and written together.

use std::time::Duration;

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tracing::warn;
use types::Timestamp;

use super::{
    at,
    control::{CancelReason, Control},
};
use crate::{CancelRequest, Error, Lease, Level, NewLine, Queue};

/// Lines are written when there are this many …
const BATCH: usize = 64;
/// … or when the first of them is this old.
const PATIENCE: Duration = Duration::from_millis(100);
/// A handler that is faster than the database waits when this many lines wait.
const WAITING: usize = 1024;

enum Entry {
    Line(NewLine),
    /// Write what came before, then answer.
    Flush(oneshot::Sender<()>),
}

/// Where a handler writes what happens. Lines keep their order and are written
/// within a tenth of a second. Clones write into the same log.
#[derive(Clone)]
pub struct LogSink {
    entries: mpsc::Sender<Entry>,
    queue: Queue,
}

impl LogSink {
    /// A line that says that things go on as planned. `source` is what it is about,
    /// e.g. a node's name; may be empty.
    pub async fn info(&self, source: &str, line: impl Into<String>) {
        self.line(Level::Info, source, line).await;
    }

    /// A line that somebody may want to look at.
    pub async fn warn(&self, source: &str, line: impl Into<String>) {
        self.line(Level::Warn, source, line).await;
    }

    /// A line that says that something failed.
    pub async fn error(&self, source: &str, line: impl Into<String>) {
        self.line(Level::Error, source, line).await;
    }

    /// A line. Waits when the database is slower than the handler. Is dropped when
    /// the lease is lost: the attempt no longer counts.
    pub async fn line(&self, level: Level, source: &str, line: impl Into<String>) {
        let line = NewLine {
            at: Timestamp(self.queue.now_ms()),
            level,
            source: source.to_owned(),
            line: line.into(),
        };
        // An error says that the attempt is over.
        let _ = self.entries.send(Entry::Line(line)).await;
    }

    /// Waits until all lines so far are written, or the lease is lost.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.entries.send(Entry::Flush(done)).await.is_ok() {
            let _ = written.await;
        }
    }
}

/// Writes what the sinks of one attempt collect.
pub(super) struct LogWriter {
    entries: mpsc::Receiver<Entry>,
    queue: Queue,
    lease: Lease,
    control: Control,
}

/// A sink and its writer.
pub(super) fn channel(queue: &Queue, lease: Lease, control: &Control) -> (LogSink, LogWriter) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let sink = LogSink {
        entries: sender,
        queue: queue.clone(),
    };
    let writer = LogWriter {
        entries: receiver,
        queue: queue.clone(),
        lease,
        control: control.clone(),
    };
    (sink, writer)
}

impl LogWriter {
    /// Writes until all sinks are gone.
    pub(super) async fn run(mut self) {
        let mut lines = Vec::new();
        let mut due = None;
        loop {
            let entry = tokio::select! {
                entry = self.entries.recv() => entry,
                () = at(due) => {
                    self.write(&mut lines).await;
                    due = None;
                    continue;
                }
            };
            match entry {
                Some(Entry::Line(line)) => {
                    lines.push(line);
                    if lines.len() < BATCH {
                        due = due.or_else(|| Some(Instant::now() + PATIENCE));
                        continue;
                    }
                    self.write(&mut lines).await;
                }
                Some(Entry::Flush(done)) => {
                    self.write(&mut lines).await;
                    // An error says that nobody waits any more.
                    let _ = done.send(());
                }
                None => return self.write(&mut lines).await,
            }
            due = None;
        }
    }

    /// Writes the lines, again and again while the database fails and the lease
    /// holds.
    async fn write(&self, lines: &mut Vec<NewLine>) {
        let lines = std::mem::take(lines);
        while !lines.is_empty() && !self.control.lease_lost().is_cancelled() {
            match self.queue.log(&self.lease, lines.clone()).await {
                Ok(heartbeat) => {
                    if heartbeat.cancel_requested != CancelRequest::None {
                        self.control.cancel(CancelReason::Requested);
                    }
                    return;
                }
                Err(Error::LeaseLost(_)) => self.control.cancel(CancelReason::LeaseLost),
                Err(error) => {
                    warn!(job.id = %self.lease.job, %error, "log lines wait: writing failed");
                    tokio::select! {
                        () = self.control.lease_lost().cancelled() => {}
                        () = tokio::time::sleep(PATIENCE * 5) => {}
                    }
                }
            }
        }
    }
}
