//! All tenants, users and jobs.

use axum::{Json, extract::State, http::StatusCode};
use domain::services::Services;
use serde::Deserialize;
use types::{
    JobId, TenantId, UserId,
    admin::{InstanceAssign, OperatorChange, OrganisationBind, TenantAdminView, UserAdminView},
    jobs::{JobState, JobView},
};

use crate::{
    error::ApiResult,
    extract::{Body, Path, Query, Signed},
};

/// Which jobs.
#[derive(Deserialize)]
pub(super) struct Which {
    state: Option<JobState>,
    before: Option<JobId>,
}

/// Every tenant.
#[utoipa::path(get, path = "/api/admin/tenants", tag = "admin", operation_id = "tenants", responses((status = 200, body = [TenantAdminView])))]
pub(super) async fn list(
    State(services): State<Services>,
    Signed(actor): Signed,
) -> ApiResult<Json<Vec<TenantAdminView>>> {
    Ok(Json(services.admin.tenants.list(&actor).await?))
}

/// Chooses the instance of a tenant that was never launched.
#[utoipa::path(put, path = "/api/admin/tenants/{id}/instance", tag = "admin", params(("id" = String, Path)), request_body = InstanceAssign, responses((status = 200, body = TenantAdminView), (status = 409)))]
pub(super) async fn assign(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(id): Path<TenantId>,
    Body(wanted): Body<InstanceAssign>,
) -> ApiResult<Json<TenantAdminView>> {
    Ok(Json(
        services.admin.tenants.assign(&actor, id, wanted).await?,
    ))
}

/// Binds a tenant to an organisation at the OpenID provider, or unbinds it.
#[utoipa::path(put, path = "/api/admin/tenants/{id}/organisation", tag = "admin", params(("id" = String, Path)), request_body = OrganisationBind, responses((status = 200, body = TenantAdminView), (status = 409)), security(("session" = []), ("session_http" = [])))]
pub(super) async fn bind(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(id): Path<TenantId>,
    Body(wanted): Body<OrganisationBind>,
) -> ApiResult<Json<TenantAdminView>> {
    Ok(Json(services.admin.tenants.bind(&actor, id, wanted).await?))
}

/// Every user.
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", responses((status = 200, body = [UserAdminView])))]
pub(super) async fn users(
    State(services): State<Services>,
    Signed(actor): Signed,
) -> ApiResult<Json<Vec<UserAdminView>>> {
    Ok(Json(services.admin.users.list(&actor).await?))
}

/// Makes a user an operator, or takes it from them.
#[utoipa::path(put, path = "/api/admin/users/{id}/operator", tag = "admin", params(("id" = String, Path)), request_body = OperatorChange, responses((status = 204), (status = 409)), security(("session" = []), ("session_http" = [])))]
pub(super) async fn set_operator(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(id): Path<UserId>,
    Body(wanted): Body<OperatorChange>,
) -> ApiResult<StatusCode> {
    services
        .admin
        .users
        .set_operator(&actor, id, wanted)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The newest jobs, at most 100. With `state` those in it, with `before` those that are older
/// than the job of this id. Without a state `stack.reconcile` jobs that succeeded are left
/// out: a schedule makes one every 30 seconds.
#[utoipa::path(get, path = "/api/admin/jobs", tag = "admin", params(("state" = Option<JobState>, Query), ("before" = Option<String>, Query)), responses((status = 200, body = [JobView]), (status = 404)))]
pub(super) async fn jobs(
    State(services): State<Services>,
    Signed(actor): Signed,
    Query(wanted): Query<Which>,
) -> ApiResult<Json<Vec<JobView>>> {
    let Which { state, before } = wanted;
    let page = services.admin.jobs.list(&actor, state, before).await?;
    Ok(Json(page.jobs))
}
