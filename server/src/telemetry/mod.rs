//! Logs, traces and metrics of this process.

mod client;
mod measures;
mod process;

use std::{io::IsTerminal as _, time::Duration};

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use self::client::RuntimeClient;
use crate::config::{LogFormat, Role, Settings};

/// Seconds; from half a millisecond, which a query takes, to five minutes, which an
/// apply may take.
const DURATION_BUCKETS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0,
];

/// How long a stop waits for the collector.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What has to be flushed at the end.
pub(crate) struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Sends what is still held back.
    pub(crate) async fn flush(self) {
        let Some(provider) = self.0 else {
            return;
        };
        let shut = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_WORDS));
        if let Ok(Err(error)) = shut.await {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Starts logging and, when an endpoint is set, the export of traces by OTLP.
///
/// # Errors
/// When the filter or the endpoint cannot be used.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_new(&settings.log.filter).with_context(|| {
        format!(
            "the setting log.filter \"{}\" cannot be used",
            settings.log.filter
        )
    })?;
    let readable = match settings.log.format {
        LogFormat::Readable => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines = if readable {
        lines.with_target(false).boxed()
    } else {
        lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed()
    };
    let provider = exporter(settings)?;
    let traces = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("kombify")));
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(traces)
        .try_init()?;
    Ok(Telemetry(provider))
}

fn exporter(settings: &Settings) -> anyhow::Result<Option<SdkTracerProvider>> {
    let endpoint = settings.telemetry.otlp_endpoint.as_str();
    if endpoint.is_empty() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(RuntimeClient::new()?)
        .with_endpoint(endpoint)
        .build()
        .with_context(|| {
            format!("the setting telemetry.otlp_endpoint \"{endpoint}\" cannot be used")
        })?;
    let roles: Vec<&str> = settings
        .server
        .roles
        .iter()
        .copied()
        .map(Role::word)
        .collect();
    let resource = Resource::builder()
        .with_service_name("kombify")
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", settings.server.internal_url.clone()),
            KeyValue::new("kombify.roles", roles.join(",")),
        ])
        .build();
    Ok(Some(
        SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build(),
    ))
}

/// Starts the Prometheus registry that `/metrics` shows.
///
/// # Errors
/// When another one is installed.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)?
        .install_recorder()
        .context("the metrics registry could not be installed")?;
    measures::describe();
    Ok(handle)
}

/// All measures in Prometheus' text format.
pub(crate) fn exposition(handle: &PrometheusHandle) -> String {
    let mut text = handle.render();
    text.push_str(&process::lines());
    text
}
