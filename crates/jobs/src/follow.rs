//! Following a job: its log and its state as they come, from any line on.

use futures::stream::{self, Stream};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::broadcast;
use types::{
    JobId,
    jobs::{JobState, LogLine},
};

use crate::{
    CancelRequest, Error, Job, Queue,
    entity::job_log,
    signal::{Signal, news_of},
};

/// What is new about a job.
#[derive(Clone, Debug, PartialEq)]
pub struct LogBatch {
    /// New lines in order; may be empty when only the rest changed.
    pub lines: Vec<LogLine>,
    /// Where the job stands.
    pub state: JobState,
    /// How often it was started.
    pub attempt: i32,
    /// Somebody asked it to stop.
    pub cancel_requested: bool,
    /// The progress that it last reported (JSON).
    pub progress: Option<String>,
    /// Why its latest attempt failed.
    pub error: Option<String>,
    /// The job has ended and nothing more comes.
    pub last: bool,
}

impl LogBatch {
    fn new(job: &Job, lines: Vec<LogLine>) -> Self {
        Self {
            last: job.is_over() && !is_full(&lines),
            lines,
            state: job.state,
            attempt: job.attempt,
            cancel_requested: job.cancel_requested != CancelRequest::None,
            progress: job.progress.clone(),
            error: job.error.clone(),
        }
    }

    /// The number of its last line, for `Last-Event-ID`.
    #[must_use]
    pub fn last_seq(&self) -> Option<i64> {
        self.lines.last().map(|line| line.seq)
    }

    fn same_status(&self, other: &Self) -> bool {
        let status = |batch: &Self| {
            let Self {
                lines: _,
                state,
                attempt,
                cancel_requested,
                progress,
                error,
                last: _,
            } = batch.clone();
            (state, attempt, cancel_requested, progress, error)
        };
        status(self) == status(other)
    }
}

/// Where a follower stands.
struct Follower {
    queue: Queue,
    job: JobId,
    after_seq: i64,
    signals: broadcast::Receiver<Signal>,
    latest: Option<LogBatch>,
    ended: bool,
}

/// A batch holds at most this many lines.
const BATCH_LINES: u64 = 500;

/// There may be more lines after these.
fn is_full(lines: &[LogLine]) -> bool {
    u64::try_from(lines.len()).is_ok_and(|count| count >= BATCH_LINES)
}

impl Queue {
    /// The lines of a job after number `after_seq` (0: from the first), at most
    /// `limit`, in order.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn logs_after(
        &self,
        job: JobId,
        after_seq: i64,
        limit: u64,
    ) -> Result<Vec<LogLine>, Error> {
        let lines = job_log::Entity::find()
            .filter(job_log::Column::JobId.eq(job))
            .filter(job_log::Column::Seq.gt(after_seq))
            .order_by_asc(job_log::Column::Seq)
            .limit(limit)
            .all(self.reader())
            .await?;
        Ok(lines.into_iter().map(LogLine::from).collect())
    }

    /// Follows a job from after line `after_seq` (0: from the first): at once what is
    /// there, then what comes, also when another process runs it. The stream ends
    /// after the batch that says that the job has ended, or after an error.
    pub fn follow(
        &self,
        job: JobId,
        after_seq: i64,
    ) -> impl Stream<Item = Result<LogBatch, Error>> + Send + 'static + use<> {
        let follower = Follower {
            queue: self.clone(),
            job,
            after_seq,
            signals: self.signals().on_jobs(),
            latest: None,
            ended: false,
        };
        stream::unfold(follower, |mut follower| async move {
            if follower.ended {
                return None;
            }
            let next = follower.next().await;
            follower.ended = next.as_ref().map_or(true, |batch| batch.last);
            Some((next, follower))
        })
    }
}

impl Follower {
    async fn next(&mut self) -> Result<LogBatch, Error> {
        loop {
            // The state first: a job that is over writes no more, so lines read after
            // it are all there are.
            let job = self.queue.get(self.job).await?;
            let lines = self
                .queue
                .logs_after(self.job, self.after_seq, BATCH_LINES)
                .await?;
            let batch = LogBatch::new(&job, lines);
            let news = !batch.lines.is_empty()
                || batch.last
                || !self
                    .latest
                    .as_ref()
                    .is_some_and(|latest| latest.same_status(&batch));
            if news {
                self.after_seq = batch.last_seq().unwrap_or(self.after_seq);
                self.latest = Some(LogBatch {
                    lines: Vec::new(),
                    ..batch.clone()
                });
                return Ok(batch);
            }
            let job = self.job;
            tokio::select! {
                () = news_of(&mut self.signals, |signal| signal.job() == job) => {}
                () = tokio::time::sleep(self.queue.options().follow_poll) => {}
            }
        }
    }
}
