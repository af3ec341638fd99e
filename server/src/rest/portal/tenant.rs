//! Tenants: `GET/POST /api/tenant`, `GET /api/tenant/{slug}`.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::services::Services;
use serde::Deserialize;
use types::{
    AuditEventId,
    portal::{AuditEventView, TenantBrief, TenantCreate, TenantView},
};

use crate::{
    error::ApiResult,
    extract::{Body, Brought, Path, Query, Signed},
    rest::events,
};

/// Which lines of the audit log.
#[derive(Deserialize)]
pub(super) struct Lines {
    #[serde(default)]
    q: String,
    before: Option<AuditEventId>,
}

/// The caller's tenants.
#[utoipa::path(get, path = "/api/tenant", tag = "tenant", responses((status = 200, body = [TenantBrief])))]
pub(super) async fn list(
    State(services): State<Services>,
    Signed(actor): Signed,
) -> ApiResult<Json<Vec<TenantBrief>>> {
    Ok(Json(services.portal.viewer(&actor).await?.tenants))
}

/// Makes a tenant with the caller as its admin.
#[utoipa::path(post, path = "/api/tenant", tag = "tenant", request_body = TenantCreate, responses((status = 201, body = TenantView), (status = 402), (status = 409)))]
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
#[utoipa::path(get, path = "/api/tenant/{slug}", tag = "tenant", params(("slug" = String, Path)), responses((status = 200, body = TenantView)))]
pub(super) async fn view(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
) -> ApiResult<Json<TenantView>> {
    Ok(Json(services.portal.tenants.view(&actor, &slug).await?))
}

/// The newest lines of the audit log, at most 100. With `q` those that hold each of its
/// words, with `before` those that are older than the line of this id.
#[utoipa::path(get, path = "/api/tenant/{slug}/audit", tag = "tenant", params(("slug" = String, Path), ("q" = Option<String>, Query), ("before" = Option<String>, Query)), responses((status = 200, body = [AuditEventView])))]
pub(super) async fn audit(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(slug): Path<String>,
    Query(wanted): Query<Lines>,
) -> ApiResult<Json<Vec<AuditEventView>>> {
    let Lines { q, before } = wanted;
    let page = services
        .portal
        .audit
        .list(&actor, &slug, &q, before)
        .await?;
    Ok(Json(page.events))
}

/// The health of the instance that holds the tenant, live (server-sent events).
#[utoipa::path(get, path = "/api/tenant/{slug}/instance/events", tag = "tenant", params(("slug" = String, Path)), responses((status = 200, content_type = "text/event-stream")))]
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
