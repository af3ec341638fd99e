//! One attempt: it runs the handler, renews the lease, passes on why to stop, and
//! tells the queue how it ended.

use std::{any::Any, sync::Arc, time::Duration};

use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument as _, Span, info_span, warn};
use types::jobs::JobState;

use super::{
    Handler, JobContext, WorkerOptions, at,
    control::{CancelReason, Control},
    log_sink,
};
use crate::{
    CancelRequest, Claimed, Error, Job, Lease, LogSink, Outcome, Queue,
    signal::{Signal, news_of},
    trace,
};

/// After a drop, a handler that does not reach an await is left behind.
const DROP_PATIENCE: Duration = Duration::from_secs(1);

/// One attempt and what it needs.
pub(super) struct Supervised {
    pub(super) queue: Queue,
    pub(super) options: Arc<WorkerOptions>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) claimed: Claimed,
    pub(super) shutdown: CancellationToken,
    pub(super) tracker: TaskTracker,
}

/// How the handler ended.
enum End {
    Answered(Outcome),
    /// It did not stop within the grace and was dropped.
    Dropped,
}

impl Supervised {
    pub(super) async fn run(self) {
        let span = span(&self.queue, &self.claimed.job);
        self.attempt(span.clone()).instrument(span).await;
    }

    async fn attempt(self, span: Span) {
        let Claimed { job, lease } = self.claimed.clone();
        let started_ms = self.queue.now_ms();
        let control = Control::default();
        let (sink, writer) = log_sink::channel(&self.queue, lease, &control);
        // A JoinSet aborts its task when this attempt is dropped.
        let mut log = JoinSet::new();
        log.spawn(self.tracker.track_future(writer.run()));
        let context = JobContext {
            queue: self.queue.clone(),
            job: Arc::new(job.clone()),
            lease,
            control: control.clone(),
            log: sink.clone(),
        };
        let handler = Arc::clone(&self.handler);
        let run = async move { handler.run(context).await }.instrument(span);
        let mut running = JoinSet::new();
        running.spawn(self.tracker.track_future(run));
        let end = self.watch(&mut running, &control).await;
        let outcome = self.settle(&job, &lease, end, &control, &sink).await;
        self.measure(&job, outcome, started_ms);
    }

    /// Renews the lease and passes on why to stop until the handler has ended.
    async fn watch(&self, running: &mut JoinSet<Outcome>, control: &Control) -> End {
        let lease = self.claimed.lease;
        let third = self.queue.options().lease / 3;
        let mut beat = tokio::time::interval_at(Instant::now() + third, third);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut until_ms = self.queue.lease_until_ms();
        let mut signals = self.queue.signals().on_jobs();
        let changed = Signal::Changed(lease.job);
        let timeout = self
            .handler
            .timeout()
            .map(|timeout| Instant::now() + timeout);
        let mut drop_at = None;
        loop {
            tokio::select! {
                Some(ended) = running.join_next() => return End::Answered(answer(ended)),
                _ = beat.tick() => until_ms = self.renew(&lease, control, third, until_ms).await,
                () = news_of(&mut signals, |signal| signal == changed) => {
                    until_ms = self.renew(&lease, control, third, until_ms).await;
                }
                () = self.shutdown.cancelled(), if !control.token().is_cancelled() => {
                    control.cancel(CancelReason::Shutdown);
                }
                () = at(timeout), if !control.token().is_cancelled() => {
                    control.cancel(CancelReason::TimedOut);
                }
                () = control.token().cancelled(), if drop_at.is_none() => {
                    drop_at = Some(Instant::now() + self.grace(control));
                }
                () = at(drop_at) => {
                    running.abort_all();
                    let _ = tokio::time::timeout(DROP_PATIENCE, running.join_next()).await;
                    return End::Dropped;
                }
            }
        }
    }

    fn grace(&self, control: &Control) -> Duration {
        match control.reason() {
            Some(CancelReason::Shutdown) => None,
            _ => self.handler.grace_to_stop(),
        }
        .unwrap_or(self.options.grace)
    }

    /// Renews the lease; answers until when (ms) it holds.
    async fn renew(
        &self,
        lease: &Lease,
        control: &Control,
        within: Duration,
        until_ms: i64,
    ) -> i64 {
        let beat = tokio::time::timeout(within, self.queue.heartbeat(lease)).await;
        match beat {
            Ok(Ok(beat)) => {
                if beat.cancel_requested != CancelRequest::None {
                    control.cancel(CancelReason::Requested);
                }
                return beat.lease_until_ms;
            }
            Ok(Err(Error::LeaseLost(_))) => control.cancel(CancelReason::LeaseLost),
            Ok(Err(error)) => warn!(%error, "the lease was not renewed"),
            Err(_) => warn!("the lease was not renewed: the database does not answer"),
        }
        if self.queue.now_ms() > until_ms {
            control.cancel(CancelReason::LeaseLost);
        }
        until_ms
    }

    /// Tells the queue how the attempt ended; answers with the word for it.
    async fn settle(
        &self,
        job: &Job,
        lease: &Lease,
        end: End,
        control: &Control,
        log: &LogSink,
    ) -> &'static str {
        let deadline = Instant::now() + self.queue.options().lease;
        // Lines that cannot be written while the lease holds are lost with it.
        let _ = tokio::time::timeout_at(deadline, log.flush()).await;
        let until_ms = self.queue.lease_until_ms();
        loop {
            if control.lease_lost().is_cancelled() {
                warn!("the lease was lost; the attempt does not count");
                return "lease_lost";
            }
            let told = match self.verdict(&end, control) {
                Some(outcome) => self.queue.finish(lease, outcome).await,
                None => self.queue.release(lease).await,
            };
            match told {
                Ok(JobState::Queued) if self.verdict(&end, control).is_none() => return "released",
                Ok(state) => return word(state),
                Err(Error::LeaseLost(_)) => control.cancel(CancelReason::LeaseLost),
                Err(error) => {
                    warn!(job.id = %job.id, %error, "the attempt's end waits: writing failed");
                    if self.queue.now_ms() > until_ms {
                        control.cancel(CancelReason::LeaseLost);
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    /// What to tell the queue; none: hand the job back.
    fn verdict(&self, end: &End, control: &Control) -> Option<Outcome> {
        let grace = self.options.grace.as_secs_f32();
        match (control.reason(), end) {
            (_, End::Answered(done @ (Outcome::Done(_) | Outcome::Fail(_)))) => Some(done.clone()),
            (Some(CancelReason::Shutdown), _) => None,
            (Some(CancelReason::TimedOut), _) => {
                let limit = self.handler.timeout().unwrap_or_default().as_secs_f32();
                Some(Outcome::retry(format!("It took longer than {limit} s.")))
            }
            (_, End::Answered(outcome)) => Some(outcome.clone()),
            (_, End::Dropped) => Some(Outcome::retry(format!(
                "It did not stop within {grace} s and was dropped."
            ))),
        }
    }

    fn measure(&self, job: &Job, outcome: &'static str, started_ms: i64) {
        let labels = [
            ("queue", self.queue.name().to_owned()),
            ("kind", job.kind.clone()),
            ("outcome", outcome.to_owned()),
        ];
        metrics::counter!("kombify_jobs_finished_total", &labels).increment(1);
        let took = u64::try_from(self.queue.now_ms() - started_ms).unwrap_or_default();
        metrics::histogram!("kombify_jobs_duration_seconds", &labels)
            .record(Duration::from_millis(took));
    }
}

fn span(queue: &Queue, job: &Job) -> Span {
    let span = info_span!(
        "job",
        otel.name = format!("job {}", job.kind),
        otel.kind = "consumer",
        queue = queue.name(),
        job.id = %job.id,
        job.kind = job.kind,
        job.attempt = job.attempt,
        job.tenant = job.tenant(),
        request.id = job.request_id,
    );
    if let Some(parent) = &job.trace_parent {
        trace::adopt(&span, parent);
    }
    span
}

fn answer(ended: Result<Outcome, JoinError>) -> Outcome {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(outcome) => outcome,
        Err(Ok(panic)) => Outcome::retry(format!("The handler panicked: {}", message(&*panic))),
        Err(Err(error)) => Outcome::retry(format!("The handler was stopped: {error}.")),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// The value of the label `outcome`.
fn word(state: JobState) -> &'static str {
    match state {
        JobState::Succeeded => "succeeded",
        JobState::Failed => "failed",
        JobState::Cancelled => "cancelled",
        JobState::Dead => "dead",
        JobState::Queued | JobState::Running => "retried",
    }
}
