//! Where its files are.

use std::path::PathBuf;

use serde::Deserialize;

/// Where its files are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Databases (SQLite), keys, kits and what OpenTofu writes.
    pub dir: PathBuf,
}
