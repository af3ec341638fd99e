//! Where traces go.

use serde::Deserialize;

/// Where traces go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// OTLP over HTTP, e.g. `http://127.0.0.1:4318/v1/traces`; no export when empty.
    pub otlp_endpoint: String,
}
