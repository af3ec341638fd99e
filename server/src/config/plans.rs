//! What plans hold.

use domain::plans::Plans;
use serde::Deserialize;

use super::{SettingsError, complaint};

/// What plans hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// A TOML file in place of the embedded plans.
    pub file: String,
}

impl PlanFile {
    /// The plans of the file, or those in the binary.
    ///
    /// # Errors
    /// One sentence that names the file, the line and what is wrong.
    pub fn read(&self) -> Result<Plans, SettingsError> {
        let file = &self.file;
        if file.is_empty() {
            return Ok(Plans::embedded());
        }
        let text = std::fs::read_to_string(file).map_err(|error| {
            SettingsError(format!(
                "The plans file {file} (setting plans.file) cannot be read: {error}."
            ))
        })?;
        Plans::parse(&text).map_err(|error| {
            SettingsError(complaint::syntax("plans file", file, &error.to_string()))
        })
    }
}
