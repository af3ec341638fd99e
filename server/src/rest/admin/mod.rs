//! The admin centre's REST API; every endpoint is for operators only.

mod instance;
mod tenant;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// The routes below `/api/admin`.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(instance::list, instance::create))
        .routes(routes!(instance::remove))
        .routes(routes!(instance::health))
        .routes(routes!(instance::events))
        .routes(routes!(tenant::list))
        .routes(routes!(tenant::assign))
        .routes(routes!(tenant::bind))
        .routes(routes!(tenant::users))
        .routes(routes!(tenant::set_operator))
        .routes(routes!(tenant::jobs))
}
