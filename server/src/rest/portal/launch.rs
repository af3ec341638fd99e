//! Launch: `POST /api/tenant/launch`, and its steps while it happens.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::services::Services;
use serde::Deserialize;
use types::{LaunchId, portal::LaunchView};
use utoipa::ToSchema;

use crate::{
    error::ApiResult,
    extract::{Body, Brought, Path, Signed},
    rest::events,
};

/// Which tenant to launch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LaunchStart {
    /// The tenant's slug.
    tenant: String,
}

/// Starts a launch; its steps are at `/api/tenant/launch/{id}`.
#[utoipa::path(post, path = "/api/tenant/launch", tag = "launch", request_body = LaunchStart, responses((status = 202, body = LaunchView), (status = 404)))]
pub(super) async fn start(
    State(services): State<Services>,
    Signed(actor): Signed,
    Body(wanted): Body<LaunchStart>,
) -> ApiResult<(StatusCode, Json<LaunchView>)> {
    Ok((
        StatusCode::ACCEPTED,
        Json(
            services
                .portal
                .launches
                .start(&actor, &wanted.tenant)
                .await?,
        ),
    ))
}

/// A launch with its steps.
#[utoipa::path(get, path = "/api/tenant/launch/{id}", tag = "launch", params(("id" = String, Path)), responses((status = 200, body = LaunchView)))]
pub(super) async fn view(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(id): Path<LaunchId>,
) -> ApiResult<Json<LaunchView>> {
    Ok(Json(services.portal.launches.view(&actor, id).await?))
}

/// A launch's steps, live (server-sent events); ends with the launch.
#[utoipa::path(get, path = "/api/tenant/launch/{id}/events", tag = "launch", params(("id" = String, Path)), responses((status = 200, content_type = "text/event-stream")))]
pub(super) async fn events(
    State(services): State<Services>,
    _person: Signed,
    Brought(brought): Brought,
    Path(id): Path<LaunchId>,
) -> ApiResult<Response> {
    let changes = services.portal.launches.subscribe();
    let read = move || {
        let (services, looks) = (services.clone(), brought.unattended());
        async move {
            let actor = services.authenticate(&looks).await?;
            services.portal.launches.view(&actor, id).await
        }
    };
    events::stream("launch", changes, read, |launch| launch.ended).await
}
