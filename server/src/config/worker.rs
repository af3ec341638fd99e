//! Background work.

use serde::Deserialize;

/// Background work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Jobs at once, for each queue.
    pub slots: usize,
}
