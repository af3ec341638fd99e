//! All routes, and the layers around them.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use tokio_util::task::TaskTracker;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
    limit::RequestBodyLimitLayer,
};
use tracing::Instrument as _;
use types::{ErrorCode, Problem};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    auth, csrf, error, extract, health, limits, pages, request_id, rest, roles, security_headers,
    state::AppState, streams, telemetry, unread,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "kombify",
        description = "Rehearse your homelab, then launch it. Errors are problem+json (RFC 9457) with a stable code. Portal and admin endpoints take a session cookie or a bearer API token; stack endpoints (`/v1`) also want `X-Tenant-ID`, or stand below `/tenant/{slug}`."
    ),
    components(schemas(Problem))
)]
struct Document;

/// The OpenAPI document of everything that is served.
pub(crate) fn open_api() -> utoipa::openapi::OpenApi {
    api().1
}

fn api() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    let (routes, document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(rest::portal::router())
        .merge(rest::admin::router())
        .merge(rest::stack::router())
        .split_for_parts();
    (routes, rest::document::complete(document))
}

/// The whole application.
pub(crate) fn router(state: AppState, extra: Router) -> Router {
    let (api, document) = api();
    let document = Json(document);
    let https = state.cookies.is_https();
    api.merge(auth::router())
        .merge(rest::internal::router())
        .merge(rest::stack::others())
        .route("/health", get(health::show))
        .route("/metrics", get(metrics))
        .route("/api/openapi.json", get(move || async move { document }))
        .merge(pages::router(&state))
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn_with_state(state.clone(), to_its_end))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            extract::credentials,
        ))
        .layer(middleware::from_fn_with_state(state.clone(), csrf::layer))
        .with_state(state.clone())
        .merge(extra)
        .layer(middleware::from_fn_with_state(state.clone(), roles::layer))
        .layer(middleware::from_fn_with_state(state, streams::layer))
        .layer(DefaultBodyLimit::max(limits::LARGEST_BODY))
        .layer(RequestBodyLimitLayer::new(limits::LARGEST_BODY))
        .layer(middleware::from_fn(limits::too_large))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(
            https,
            security_headers::layer,
        ))
        .layer(middleware::from_fn(request_id::layer))
        .layer(compression())
        .layer(middleware::from_fn(unread::layer))
}

/// Answers to the end also when whoever asked goes away meanwhile: a change and its line
/// in the audit log are not torn apart, and what a page reads is read beside it and would
/// miss its context. A stop waits for it too.
async fn to_its_end(State(answers): State<TaskTracker>, request: Request, next: Next) -> Response {
    match answers.spawn(next.run(request).in_current_span()).await {
        Ok(answer) => answer,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => error::problem(Problem::new(
                ErrorCode::Internal,
                "kombify stopped while it answered. Try again in a moment.",
            )),
        },
    }
}

/// Compresses what is made anew for each answer. An optimised build's modules were
/// compressed when it was built; another one's are not worth seconds of each visit.
fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(DefaultPredicate::new().and(NotForContentType::new("application/wasm")))
}

/// A method that the address does not have; `Allow` says which it has.
async fn not_allowed() -> Response {
    error::problem(Problem::new(
        ErrorCode::MethodNotAllowed,
        "This address does not take that method.",
    ))
}

async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    state.services.portal.publish_connections();
    state.services.stack.publish_connections();
    (
        StatusCode::OK,
        AppendHeaders([(header::CONTENT_TYPE, kind)]),
        telemetry::exposition(&state.site.metrics),
    )
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request panicked");
    error::problem(Problem::new(
        ErrorCode::Internal,
        "Something failed on our side. Try again; if it stays, give the request id to your operator.",
    ))
}
