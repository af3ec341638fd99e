//! A request id through every log line, job and answer.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;

use crate::error::PROBLEM;

const HEADER: &str = "x-request-id";
const LARGEST_PROBLEM: usize = 1 << 20;

/// The request's id: what the caller sent when it is a plain word, else a new one.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives each request an id, a span and its measures.
pub(crate) async fn layer(mut request: Request, next: Next) -> Response {
    let id = text(&request, HEADER)
        .filter(|id| is_plain(id))
        .map_or_else(new_id, str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let label = route.clone().unwrap_or_else(|| "page".to_owned());
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{} {label}", known(&method)),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        request.id = %id,
        http.method = %method,
        http.route = label,
        http.status = tracing::field::Empty,
        url.path = %redact(&path),
    );
    if let Some(parent) = text(&request, "traceparent") {
        jobs::trace::adopt(&span, parent);
    }
    let begun = std::time::Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = begun.elapsed();
    let status = response.status().as_u16();
    span.record("http.status", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
    let _entered = span.entered();
    if !path.starts_with("/pkg/") && path != "/health" && path != "/metrics" {
        tracing::info!(
            http.status = status,
            duration_ms = took.as_secs_f64() * 1000.0,
            "answered"
        );
    }
    let labels = [
        ("method", known(&method).to_owned()),
        ("route", label),
        ("status", status.to_string()),
    ];
    metrics::counter!("kombify_requests_total", &labels).increment(1);
    metrics::histogram!("kombify_request_duration_seconds", &labels).record(took.as_secs_f64());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    drop(_entered);
    with_id(response, &id).await
}

/// Puts the request id into a problem's body, so that a person can copy it.
async fn with_id(response: Response, id: &str) -> Response {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == PROBLEM);
    if !is_problem {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST_PROBLEM).await.unwrap_or_default();
    let Ok(mut problem) = serde_json::from_slice::<types::Problem>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    problem.request_id = Some(id.to_owned());
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = serde_json::to_vec(&problem).unwrap_or_else(|_| bytes.to_vec());
    Response::from_parts(parts, Body::from(body))
}

fn text<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// The method for a label: a caller can make up others, and each would be a series.
fn known(method: &Method) -> &'static str {
    [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK", "UNLOCK",
    ]
    .into_iter()
    .find(|known| *known == method.as_str())
    .unwrap_or("OTHER")
}

fn is_plain(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn new_id() -> String {
    domain::env::Env::system().id::<uuid::Uuid>().to_string()
}

/// Paths that hold a secret are not logged with it.
fn redact(path: &str) -> String {
    for place in ["/setup/", "/invitations/"] {
        if path.starts_with(place) {
            return format!("{place}…");
        }
    }
    path.to_owned()
}
