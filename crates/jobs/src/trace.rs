//! One trace from the request that enqueued a job to the job, across processes: the
//! W3C `traceparent` (<https://www.w3.org/TR/trace-context/>) is kept with the job.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const HEADER: &str = "traceparent";

/// The `traceparent` of the span that runs now; none when traces are not exported.
#[must_use]
pub fn current() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(HEADER)
}

/// Makes a span that was not entered yet a child of this `traceparent`. One that
/// cannot be read changes nothing.
pub fn adopt(span: &Span, parent: &str) {
    let carrier = HashMap::from([(HEADER.to_owned(), parent.to_owned())]);
    // An error says that traces are not exported.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}
