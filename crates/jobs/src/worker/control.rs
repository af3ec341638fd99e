//! Stopping one attempt, with the reason.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Why an attempt has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Somebody cancelled the job.
    Requested,
    /// The lease is lost, or the job was cancelled by force: whatever the handler
    /// still does no longer counts.
    LeaseLost,
    /// The worker stops; the job runs again elsewhere.
    Shutdown,
    /// The attempt took longer than the handler's timeout.
    TimedOut,
}

/// The token of one attempt and the first reason why it was cancelled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    token: CancellationToken,
    reason: Arc<OnceLock<CancelReason>>,
    lease_lost: CancellationToken,
}

impl Control {
    /// The first reason stands; a lost lease is remembered besides.
    pub(crate) fn cancel(&self, reason: CancelReason) {
        if reason == CancelReason::LeaseLost {
            self.lease_lost.cancel();
        }
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.reason.get().copied()
    }

    pub(crate) fn lease_lost(&self) -> &CancellationToken {
        &self.lease_lost
    }
}
