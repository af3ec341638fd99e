//! Traces: a collector that speaks OTLP over HTTP gets the spans of a request and of the
//! job that it enqueued, in one trace.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use nix::sys::signal::Signal;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;
use reqwest::Method;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::support::{
    browser::Browser,
    eventually,
    lab::Lab,
    place::{Place, port},
    server::Options,
};

const REQUEST: &str = "traced-request-of-this-test";
const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Spans = Arc<Mutex<Vec<(Vec<KeyValue>, Span)>>>;

struct Collector {
    endpoint: String,
    spans: Spans,
    task: JoinHandle<()>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}/v1/traces", listener.local_addr().expect("one"));
        let spans = Spans::default();
        let routes = Router::new()
            .route("/v1/traces", post(take))
            .with_state(Arc::clone(&spans));
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("served");
        });
        Self {
            endpoint,
            spans,
            task,
        }
    }

    async fn span(&self, wanted: impl Fn(&Span) -> bool) -> (Vec<KeyValue>, Span) {
        eventually("a span", async || {
            let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
            spans.iter().find(|(_, span)| wanted(span)).cloned()
        })
        .await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(spans): State<Spans>, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let mut spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in request.resource_spans {
        let about = resource
            .resource
            .map(|one| one.attributes)
            .unwrap_or_default();
        for scope in resource.scope_spans {
            spans.extend(scope.spans.into_iter().map(|span| (about.clone(), span)));
        }
    }
    StatusCode::OK
}

fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|one| one.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_job_are_one_trace() {
    let collector = Collector::start().await;
    let place = Place::sqlite();
    let server = Options::on(&place)
        .set("TELEMETRY__OTLP_ENDPOINT", &collector.endpoint)
        .variable("OTEL_BSP_SCHEDULE_DELAY", "50")
        .start()
        .await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    let path = format!("/v1/stacks/{}/runs", lab.stack);
    let slug = lab.slug.clone();
    let headers = [
        ("x-tenant-id", slug.as_str()),
        ("x-request-id", REQUEST),
        ("traceparent", CALLER),
    ];
    let body = Some(json!({ "kind": "apply" }));
    let asked = lab.browser.send(Method::POST, &path, &headers, body).await;
    assert_eq!(asked.status, 202, "{asked:?}");

    let (about, request) = collector
        .span(|span| text(&span.attributes, "request.id") == Some(REQUEST) && span.kind == 2)
        .await;
    assert_eq!(request.name, "POST /v1/stacks/{id}/runs");
    assert_eq!(text(&about, "service.name"), Some("kombify"));
    assert_eq!(
        text(&about, "kombify.roles"),
        Some("portal,admin,stack,worker")
    );
    let caller: Vec<&str> = CALLER.split('-').collect();
    assert_eq!(hex::encode(&request.trace_id), caller[1], "of the caller");
    assert_eq!(hex::encode(&request.parent_span_id), caller[2]);

    let (_, job) = collector.span(|span| span.name == "job stack.plan").await;
    assert_eq!(job.trace_id, request.trace_id);
    assert_eq!(job.parent_span_id, request.span_id);
    assert_eq!(text(&job.attributes, "request.id"), Some(REQUEST));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_its_collector_works_as_well() {
    // Nobody answers at the one, and the other never ends its answer.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let silent = listener.local_addr().expect("an address").port();
    for port in [port(), silent] {
        let place = Place::sqlite();
        let server = Options::on(&place)
            .set(
                "TELEMETRY__OTLP_ENDPOINT",
                &format!("http://127.0.0.1:{port}/v1/traces"),
            )
            .variable("OTEL_BSP_SCHEDULE_DELAY", "50")
            .start()
            .await;
        let mut browser = Browser::at(server.address());
        browser.sign_in("owner").await;
        let begun = Instant::now();
        for _ in 0..20 {
            assert_eq!(browser.get("/api/tenant").await.status, 200);
        }
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
        let asked = Instant::now();
        server.signal(Signal::SIGTERM);
        assert_eq!(server.wait().await.code(), Some(0));
        assert!(
            asked.elapsed() < Duration::from_secs(8),
            "{:?}",
            asked.elapsed()
        );
    }
}
