//! What a handler gets.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::{
    LogSink,
    control::{CancelReason, Control},
};
use crate::{Error, Job, Lease, Queue};

/// What a handler gets for one attempt. Clones belong to the same attempt.
#[derive(Clone)]
pub struct JobContext {
    pub(super) queue: Queue,
    pub(super) job: Arc<Job>,
    pub(super) lease: Lease,
    pub(super) control: Control,
    pub(super) log: LogSink,
}

impl JobContext {
    /// The job as it stood when the attempt began.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// What it was enqueued with.
    ///
    /// # Errors
    /// [`Error::Json`] when it does not fit `T`; trying again will not help.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.job.payload).map_err(|source| Error::Json {
            job: self.job.id,
            source,
        })
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.job.attempt
    }

    /// When this one fails, the job is dead.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.job.attempt >= self.job.max_attempts
    }

    /// Where to write what happens, for people to read.
    #[must_use]
    pub fn log(&self) -> &LogSink {
        &self.log
    }

    /// Is cancelled when the attempt has to stop.
    #[must_use]
    pub fn cancelled(&self) -> &CancellationToken {
        self.control.token()
    }

    /// Why the attempt has to stop; none while it may go on.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.control.reason()
    }

    /// Reports how far it is, replacing what was reported before.
    ///
    /// # Errors
    /// [`Error::LeaseLost`], and the token is cancelled; [`Error::Database`].
    pub async fn progress(&self, progress: &serde_json::Value) -> Result<(), Error> {
        self.noting(self.queue.progress(&self.lease, progress).await)
    }

    /// Makes a transaction of the handler depend on the lease, so that an attempt
    /// that lost it changes nothing; see [`Queue::fence`].
    ///
    /// # Errors
    /// [`Error::LeaseLost`]: roll back; the token is cancelled. [`Error::Database`].
    pub async fn fence<C: ConnectionTrait>(&self, transaction: &C) -> Result<(), Error> {
        self.noting(self.queue.fence(transaction, &self.lease).await)
    }

    fn noting<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::LeaseLost(_)) = answer {
            self.control.cancel(CancelReason::LeaseLost);
        }
        answer
    }
}
