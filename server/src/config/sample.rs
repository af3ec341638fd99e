//! Sample data.

use serde::Deserialize;

/// Sample data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Make a sample tenant at the first start; in development mode only.
    pub enabled: bool,
}
