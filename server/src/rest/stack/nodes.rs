//! Nodes: `GET /v1/nodes`.

use axum::{Json, extract::State};
use domain::services::Services;
use types::stack::NodeView;

use super::scope::Scoped;
use crate::error::ApiResult;

/// The nodes of all stacks.
#[utoipa::path(get, path = "/v1/nodes", tag = "node", params(("X-Tenant-ID" = String, Header)), responses((status = 200, body = [NodeView])))]
pub(super) async fn list(
    State(services): State<Services>,
    Scoped(scope): Scoped,
) -> ApiResult<Json<Vec<NodeView>>> {
    Ok(Json(services.stack.nodes.list(&scope).await?))
}
