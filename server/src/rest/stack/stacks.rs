//! Stacks and their specifications.

use axum::{Json, extract::State, http::StatusCode};
use domain::services::Services;
use serde::Deserialize;
use types::{
    StackId,
    stack::{SpecificationCheck, SpecificationUpdate, StackBrief, StackCreate, StackView},
};

use super::scope::Scoped;
use crate::{
    error::ApiResult,
    extract::{Body, Path, Query},
};

/// Which stack.
#[derive(Deserialize)]
pub(super) struct StackPath {
    pub(super) id: StackId,
}

/// The stack's name, typed by the person.
#[derive(Deserialize)]
pub(super) struct Confirm {
    #[serde(default)]
    confirm: String,
}

/// The tenant's stacks.
#[utoipa::path(get, path = "/v1/stacks", tag = "stack", params(("X-Tenant-ID" = String, Header)), responses((status = 200, body = [StackBrief])))]
pub(super) async fn list(
    State(services): State<Services>,
    Scoped(scope): Scoped,
) -> ApiResult<Json<Vec<StackBrief>>> {
    Ok(Json(services.stack.stacks.list(&scope).await?))
}

/// Makes a stack of a kit.
#[utoipa::path(post, path = "/v1/stacks", tag = "stack", params(("X-Tenant-ID" = String, Header)), request_body = StackCreate, responses((status = 201, body = StackView), (status = 409)))]
pub(super) async fn create(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Body(wanted): Body<StackCreate>,
) -> ApiResult<(StatusCode, Json<StackView>)> {
    Ok((
        StatusCode::CREATED,
        Json(services.stack.stacks.create(&scope, wanted).await?),
    ))
}

/// One stack with its specification, nodes and runs.
#[utoipa::path(get, path = "/v1/stacks/{id}", tag = "stack", params(("X-Tenant-ID" = String, Header), ("id" = String, Path)), responses((status = 200, body = StackView), (status = 422)))]
pub(super) async fn view(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<StackPath>,
) -> ApiResult<Json<StackView>> {
    Ok(Json(services.stack.stacks.view(&scope, path.id).await?))
}

/// Removes a stack that has nothing applied; `?confirm=` is its name.
#[utoipa::path(delete, path = "/v1/stacks/{id}", tag = "stack", params(("X-Tenant-ID" = String, Header), ("id" = String, Path), ("confirm" = String, Query)), responses((status = 204), (status = 409)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<StackPath>,
    Query(query): Query<Confirm>,
) -> ApiResult<StatusCode> {
    services
        .stack
        .stacks
        .remove(&scope, path.id, &query.confirm)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks a specification without saving it.
#[utoipa::path(post, path = "/v1/stacks/{id}/check", tag = "stack", params(("X-Tenant-ID" = String, Header), ("id" = String, Path)), request_body = SpecificationUpdate, responses((status = 200, body = SpecificationCheck), (status = 422)))]
pub(super) async fn check(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<StackPath>,
    Body(wanted): Body<SpecificationUpdate>,
) -> ApiResult<Json<SpecificationCheck>> {
    Ok(Json(
        services
            .stack
            .specifications
            .check(&scope, path.id, wanted)
            .await?,
    ))
}

/// Saves a specification as a new revision.
#[utoipa::path(put, path = "/v1/stacks/{id}/specification", tag = "stack", params(("X-Tenant-ID" = String, Header), ("id" = String, Path)), request_body = SpecificationUpdate, responses((status = 200, body = StackView), (status = 409)))]
pub(super) async fn save(
    State(services): State<Services>,
    Scoped(scope): Scoped,
    Path(path): Path<StackPath>,
    Body(wanted): Body<SpecificationUpdate>,
) -> ApiResult<Json<StackView>> {
    Ok(Json(
        services
            .stack
            .specifications
            .save(&scope, path.id, wanted)
            .await?,
    ))
}
