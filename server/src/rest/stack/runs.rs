//! Runs: plan, approval, apply, and their log.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use domain::services::Services;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use types::stack::{RunApprove, RunBrief, RunCancel, RunCreate, RunEvent, RunLogLine, RunView};
use utoipa::ToSchema;

use super::{scope::Scoped, stacks::StackPath};
use crate::{
    error::ApiResult,
    extract::{Body, Brought, Path, Query},
    rest::events,
};

const COMMENT: Duration = Duration::from_secs(15);

/// Which run.
#[derive(Deserialize)]
pub(super) struct RunPath {
    number: i32,
}

/// Lines after this one.
#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: i64,
}

/// Why a plan is put away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Discard {
    /// What the person says to it.
    #[serde(default)]
    comment: String,
}

/// The tenant's latest runs.
#[utoipa::path(get, path = "/v1/runs", tag = "run", params(("X-Tenant-ID" = String, Header)), responses((status = 200, body = [RunBrief])))]
pub(super) async fn list(
    State(services): State<Services>,
    Scoped(scope): Scoped,
) -> ApiResult<Json<Vec<RunBrief>>> {
    Ok(Json(services.stack.runs.list(&scope).await?))
}

/// Asks for a plan.
#[utoipa::path(post, path = "/v1/stacks/{id}/runs", tag = "run", params(("X-Tenant-ID" = String, Header), ("id" = String, Path)), request_body = RunCreate, responses((status = 202, body = RunView), (status = 402), (status = 422)))]
pub(super) async fn create(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<StackPath>,
    Body(wanted): Body<RunCreate>,
) -> ApiResult<(StatusCode, Json<RunView>)> {
    Ok((
        StatusCode::ACCEPTED,
        Json(services.stack.runs.create(&scope, path.id, wanted).await?),
    ))
}

/// One run.
#[utoipa::path(get, path = "/v1/runs/{number}", tag = "run", params(("X-Tenant-ID" = String, Header), ("number" = i32, Path)), responses((status = 200, body = RunView)))]
pub(super) async fn view(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<RunPath>,
) -> ApiResult<Json<RunView>> {
    Ok(Json(services.stack.runs.view(&scope, path.number).await?))
}

/// Approves exactly the plan that was looked at.
#[utoipa::path(post, path = "/v1/runs/{number}/approve", tag = "run", params(("X-Tenant-ID" = String, Header), ("number" = i32, Path)), request_body = RunApprove, responses((status = 200, body = RunView), (status = 402), (status = 409)))]
pub(super) async fn approve(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<RunPath>,
    Body(decision): Body<RunApprove>,
) -> ApiResult<Json<RunView>> {
    Ok(Json(
        services
            .stack
            .runs
            .approve(&scope, path.number, decision)
            .await?,
    ))
}

/// Puts a plan away.
#[utoipa::path(post, path = "/v1/runs/{number}/discard", tag = "run", params(("X-Tenant-ID" = String, Header), ("number" = i32, Path)), request_body = Discard, responses((status = 200, body = RunView), (status = 409)))]
pub(super) async fn discard(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<RunPath>,
    Body(decision): Body<Discard>,
) -> ApiResult<Json<RunView>> {
    Ok(Json(
        services
            .stack
            .runs
            .discard(&scope, path.number, &decision.comment)
            .await?,
    ))
}

/// Stops a run, in order or by force.
#[utoipa::path(post, path = "/v1/runs/{number}/cancel", tag = "run", params(("X-Tenant-ID" = String, Header), ("number" = i32, Path)), request_body = RunCancel, responses((status = 200, body = RunView), (status = 409)))]
pub(super) async fn cancel(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<RunPath>,
    Body(how): Body<RunCancel>,
) -> ApiResult<Json<RunView>> {
    Ok(Json(
        services.stack.runs.cancel(&scope, path.number, how).await?,
    ))
}

/// Lines of the log after a number.
#[utoipa::path(get, path = "/v1/runs/{number}/log", tag = "run", params(("X-Tenant-ID" = String, Header), ("number" = i32, Path), ("after" = Option<i64>, Query)), responses((status = 200, body = [RunLogLine])))]
pub(super) async fn log(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<RunPath>,
    Query(query): Query<After>,
) -> ApiResult<Json<Vec<RunLogLine>>> {
    Ok(Json(
        services
            .stack
            .runs
            .log(&scope, path.number, query.after)
            .await?,
    ))
}

/// The whole log as a text file, one line each.
#[utoipa::path(get, path = "/v1/runs/{number}/log.txt", tag = "run", params(("X-Tenant-ID" = String, Header), ("number" = i32, Path)), responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn log_file(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<RunPath>,
) -> ApiResult<Response> {
    let pages = services.stack.runs.whole_log(&scope, path.number).await?;
    let text = pages
        .inspect_err(domain::Error::log)
        .map_ok(|lines| lines.iter().map(log_text).collect::<String>());
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"run-{}.log\"", path.number),
        ),
    ];
    Ok((headers, axum::body::Body::from_stream(text)).into_response())
}

fn log_text(line: &RunLogLine) -> String {
    let RunLogLine {
        number: _,
        at,
        level,
        source,
        line,
    } = line;
    let source = if source.is_empty() {
        String::new()
    } else {
        format!("{source} ")
    };
    format!("{} {level} {source}{line}\n", at.rfc3339())
}

/// The run and its log, live (server-sent events `run` and `log`); the id of a `log`
/// event is its last line's number, and `Last-Event-ID` goes on after it.
#[utoipa::path(get, path = "/v1/runs/{number}/events", tag = "run", params(("X-Tenant-ID" = String, Header), ("number" = i32, Path), ("after" = Option<i64>, Query)), responses((status = 200, content_type = "text/event-stream")))]
pub(super) async fn events(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<RunPath>,
    Query(query): Query<After>,
    Brought(brought): Brought,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|id| id.parse().ok());
    let stream = services
        .stack
        .runs
        .events(&scope, path.number, last.unwrap_or(query.after))
        .await?;
    let (looks, slug) = (brought.unattended(), scope.slug().to_owned());
    let gone = events::refusal(move || {
        let (services, looks, slug) = (services.clone(), looks.clone(), slug.clone());
        async move {
            services.stack.access.authorise(&looks, &slug).await?;
            Ok(())
        }
    });
    let events = stream
        .take_until(gone)
        .take_while(|event| std::future::ready(event.is_ok()))
        .filter_map(|event| std::future::ready(event.ok().and_then(|event| frame(&event))))
        .map(Ok::<_, Infallible>);
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(COMMENT))
        .into_response())
}

fn frame(event: &RunEvent) -> Option<Event> {
    match event {
        RunEvent::Run(run) => Event::default().event("run").json_data(run).ok(),
        RunEvent::Log(lines) => {
            let id = lines.last()?.number.to_string();
            Event::default().event("log").id(id).json_data(lines).ok()
        }
    }
}
