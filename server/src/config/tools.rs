//! Programs that it runs.

use serde::Deserialize;

/// Programs that it runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// Path of `cue`; looked for on PATH when empty.
    pub cue: String,
    /// Path of `tofu` or `terraform`; looked for on PATH when empty.
    pub tofu: String,
}
