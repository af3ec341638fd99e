#![doc = include_str!("../README.md")]

mod backoff;
mod claim;
mod clock;
pub mod entity;
mod entropy;
mod error;
mod follow;
mod job;
mod lease;
mod listen;
mod measure;
mod queue;
mod schedule;
mod settle;
mod signal;
mod slot;
mod sql;
pub mod trace;
mod worker;

pub use backoff::Backoff;
pub use clock::{Clock, ManualClock, SystemClock};
pub use entity::job::{CancelRequest, Model as Job};
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use error::Error;
pub use follow::LogBatch;
pub use job::{Claimed, Lease, Level, NewJob, NewLine, Outcome};
pub use lease::Heartbeat;
pub use measure::{KindStats, Stats};
pub use queue::{JobFilter, Options, Queue};
pub use schedule::Scheduler;
pub use slot::TenantShare;
pub use types::jobs::{JobState, JobView, LogLine};
pub use worker::{CancelReason, Handler, JobContext, LogSink, Worker, WorkerOptions};
