//! What plans hold.

use serde::Deserialize;

/// What plans hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// A TOML file in place of the embedded plans.
    pub file: String,
}
