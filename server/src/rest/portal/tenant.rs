//! Tenants: `GET/POST /api/tenant`, `GET /api/tenant/{slug}`.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::services::Services;
use types::{
    Problem,
    portal::{AuditEventView, TenantBrief, TenantCreate, TenantView},
};

use crate::{
    error::ApiResult,
    extract::{Body, Brought, Path, Signed},
    rest::events,
};

/// The caller's tenants.
#[utoipa::path(get, path = "/api/tenant", tag = "tenant", responses((status = 200, body = [TenantBrief]), (status = 401, body = Problem)))]
pub(super) async fn list(
    State(services): State<Services>,
    Signed(actor): Signed,
) -> ApiResult<Json<Vec<TenantBrief>>> {
    Ok(Json(services.portal.viewer(&actor).await?.tenants))
}

/// Makes a tenant with the caller as its admin.
#[utoipa::path(post, path = "/api/tenant", tag = "tenant", request_body = TenantCreate, responses((status = 201, body = TenantView), (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn create(
    State(services): State<Services>,
    Signed(actor): Signed,
    Body(wanted): Body<TenantCreate>,
) -> ApiResult<(StatusCode, Json<TenantView>)> {
    Ok((
        StatusCode::CREATED,
        Json(services.portal.tenants.create(&actor, wanted).await?),
    ))
}

/// One tenant.
#[utoipa::path(get, path = "/api/tenant/{slug}", tag = "tenant", params(("slug" = String, Path)), responses((status = 200, body = TenantView), (status = 404, body = Problem)))]
pub(super) async fn view(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
) -> ApiResult<Json<TenantView>> {
    Ok(Json(services.portal.tenants.view(&actor, &slug).await?))
}

/// The newest lines of the audit log.
#[utoipa::path(get, path = "/api/tenant/{slug}/audit", tag = "tenant", params(("slug" = String, Path)), responses((status = 200, body = [AuditEventView]), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn audit(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
) -> ApiResult<Json<Vec<AuditEventView>>> {
    Ok(Json(services.portal.audit.list(&actor, &slug).await?))
}

/// The health of the instance that holds the tenant, live (server-sent events).
#[utoipa::path(get, path = "/api/tenant/{slug}/instance/events", tag = "tenant", params(("slug" = String, Path)), responses((status = 200, content_type = "text/event-stream"), (status = 404, body = Problem)))]
pub(super) async fn instance_events(
    State(services): State<Services>,
    _person: Signed,
    Brought(brought): Brought,
    Path(slug): Path<String>,
) -> ApiResult<Response> {
    let rounds = services.health.subscribe();
    let read = move || {
        let (services, looks, slug) = (services.clone(), brought.unattended(), slug.clone());
        async move {
            let actor = services.authenticate(&looks).await?;
            services.portal.tenants.instance_health(&actor, &slug).await
        }
    };
    events::stream("health", rounds, read, |_| false).await
}
