//! What it logs.

use serde::Deserialize;

/// What it logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `auto` is readable on a terminal and JSON elsewhere.
    pub format: LogFormat,
    /// Levels by module, as tracing-subscriber reads them.
    pub filter: String,
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum LogFormat {
    /// Readable on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Readable,
    /// For collectors.
    Json,
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        super::one_of(
            &text,
            &[
                ("auto", Self::Auto),
                ("readable", Self::Readable),
                ("json", Self::Json),
            ],
        )
    }
}
