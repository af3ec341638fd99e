//! Instances: `GET/POST /api/admin/instances`, their health, their removal.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::services::Services;
use types::{
    InstanceId,
    admin::{InstanceCreate, InstanceHealthView, InstanceView},
};

use crate::{
    error::ApiResult,
    extract::{Body, Brought, Path, Signed},
    rest::events,
};

/// Every instance with its last checks.
#[utoipa::path(get, path = "/api/admin/instances", tag = "instance", responses((status = 200, body = [InstanceView])))]
pub(super) async fn list(
    State(services): State<Services>,
    Signed(actor): Signed,
) -> ApiResult<Json<Vec<InstanceView>>> {
    Ok(Json(services.admin.instances.list(&actor).await?))
}

/// Enters an instance into the register.
#[utoipa::path(post, path = "/api/admin/instances", tag = "instance", request_body = InstanceCreate, responses((status = 201, body = InstanceView), (status = 409)))]
pub(super) async fn create(
    State(services): State<Services>,
    Signed(actor): Signed,
    Body(wanted): Body<InstanceCreate>,
) -> ApiResult<(StatusCode, Json<InstanceView>)> {
    Ok((
        StatusCode::CREATED,
        Json(services.admin.instances.create(&actor, wanted).await?),
    ))
}

/// Takes an instance out of the register that holds no tenant and does not answer.
#[utoipa::path(delete, path = "/api/admin/instances/{id}", tag = "instance", params(("id" = String, Path)), responses((status = 204), (status = 409)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(id): Path<InstanceId>,
) -> ApiResult<StatusCode> {
    services.admin.instances.remove(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was last observed of an instance.
#[utoipa::path(get, path = "/api/admin/instances/{id}/health", tag = "instance", params(("id" = String, Path)), responses((status = 200, body = InstanceHealthView)))]
pub(super) async fn health(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(id): Path<InstanceId>,
) -> ApiResult<Json<InstanceHealthView>> {
    Ok(Json(services.admin.instances.health(&actor, id).await?))
}

/// Every instance, live (server-sent events).
#[utoipa::path(get, path = "/api/admin/instances/events", tag = "instance", responses((status = 200, content_type = "text/event-stream")))]
pub(super) async fn events(
    State(services): State<Services>,
    _person: Signed,
    Brought(brought): Brought,
) -> ApiResult<Response> {
    let rounds = services.health.subscribe();
    let read = move || {
        let (services, looks) = (services.clone(), brought.unattended());
        async move {
            let actor = services.authenticate(&looks).await?;
            services.admin.instances.list(&actor).await
        }
    };
    events::stream("instances", rounds, read, |_| false).await
}
