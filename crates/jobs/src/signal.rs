//! Wake-ups inside one process. They only make things faster: whoever waits for
//! one polls besides, because the news may come from another process.

use tokio::sync::{broadcast, watch};
use types::JobId;

/// News of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// It wrote lines or reported progress.
    Told(JobId),
    /// Its state changed, or somebody asked it to stop.
    Changed(JobId),
}

impl Signal {
    pub(crate) fn job(self) -> JobId {
        match self {
            Self::Told(job) | Self::Changed(job) => job,
        }
    }
}

/// Passes wake-ups on to those who wait.
#[derive(Debug)]
pub(crate) struct Signals {
    work: watch::Sender<()>,
    jobs: broadcast::Sender<Signal>,
}

impl Signals {
    /// Who falls behind by more than this many signals looks into the database.
    const KEPT: usize = 1024;

    pub(crate) fn new() -> Self {
        Self {
            work: watch::Sender::new(()),
            jobs: broadcast::Sender::new(Self::KEPT),
        }
    }

    /// There may be something to claim.
    pub(crate) fn work(&self) {
        self.work.send_replace(());
    }

    pub(crate) fn job(&self, signal: Signal) {
        // An error says that nobody listens.
        let _ = self.jobs.send(signal);
    }

    pub(crate) fn on_work(&self) -> watch::Receiver<()> {
        self.work.subscribe()
    }

    pub(crate) fn on_jobs(&self) -> broadcast::Receiver<Signal> {
        self.jobs.subscribe()
    }
}

/// Waits for news of this job. Also returns when signals were missed.
pub(crate) async fn news_of(
    signals: &mut broadcast::Receiver<Signal>,
    wanted: impl Fn(Signal) -> bool,
) {
    loop {
        match signals.recv().await {
            Ok(signal) if !wanted(signal) => {}
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            // The queue is gone: polling has to do.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}
