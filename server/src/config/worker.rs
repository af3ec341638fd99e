//! Background work.

use serde::Deserialize;

/// Background work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Jobs at once, for each queue.
    pub slots: usize,
    /// How long a worker may stay silent before its jobs run elsewhere, in seconds. The
    /// same for all processes.
    pub lease_seconds: u64,
}
