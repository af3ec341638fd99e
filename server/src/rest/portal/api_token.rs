//! Personal API tokens.

use axum::{Json, extract::State, http::StatusCode};
use domain::services::Services;
use types::{
    ApiTokenId,
    portal::{ApiTokenCreate, ApiTokenSecret, ApiTokenView},
};

use crate::{
    error::ApiResult,
    extract::{Body, Path, Signed},
};

/// The caller's tokens.
#[utoipa::path(get, path = "/api/tokens", tag = "token", responses((status = 200, body = [ApiTokenView])))]
pub(super) async fn list(
    State(services): State<Services>,
    Signed(actor): Signed,
) -> ApiResult<Json<Vec<ApiTokenView>>> {
    Ok(Json(services.portal.api_tokens.list(&actor).await?))
}

/// Makes a token; its secret is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/tokens", tag = "token", request_body = ApiTokenCreate, responses((status = 201, body = ApiTokenSecret)), security(("session" = []), ("session_http" = [])))]
pub(super) async fn create(
    State(services): State<Services>,
    Signed(actor): Signed,
    Body(wanted): Body<ApiTokenCreate>,
) -> ApiResult<(StatusCode, Json<ApiTokenSecret>)> {
    Ok((
        StatusCode::CREATED,
        Json(services.portal.api_tokens.create(&actor, wanted).await?),
    ))
}

/// Takes a token back, at once.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "token", params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn revoke(
    State(services): State<Services>,
    Signed(actor): Signed,
    Path(id): Path<ApiTokenId>,
) -> ApiResult<StatusCode> {
    services.portal.api_tokens.revoke(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
