//! Kits: `GET /v1/stackkits`, `GET /v1/stackkits/{name}`. Public.

use axum::{Json, extract::State};
use domain::services::Services;
use types::stack::KitView;

use crate::{error::ApiResult, extract::Path};

/// Every kit.
#[utoipa::path(get, path = "/v1/stackkits", tag = "kit", responses((status = 200, body = [KitView])), security(()))]
pub(super) async fn list(State(services): State<Services>) -> ApiResult<Json<Vec<KitView>>> {
    Ok(Json(services.stack.kits.list().await?))
}

/// One kit.
#[utoipa::path(get, path = "/v1/stackkits/{name}", tag = "kit", params(("name" = String, Path)), responses((status = 200, body = KitView)), security(()))]
pub(super) async fn view(
    State(services): State<Services>,
    Path(name): Path<String>,
) -> ApiResult<Json<KitView>> {
    Ok(Json(services.stack.kits.get(&name).await?))
}
