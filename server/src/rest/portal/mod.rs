//! The portal's REST API.

mod api_token;
mod launch;
mod member;
mod tenant;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// The routes below `/api/tenant` and `/api/tokens`.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(tenant::list, tenant::create))
        .routes(routes!(tenant::view))
        .routes(routes!(tenant::audit))
        .routes(routes!(launch::start))
        .routes(routes!(launch::view))
        .routes(routes!(launch::events))
        .routes(routes!(tenant::instance_events))
        .routes(routes!(member::list))
        .routes(routes!(member::set_role, member::remove))
        .routes(routes!(member::invite))
        .routes(routes!(member::revoke_invitation))
        .routes(routes!(api_token::list, api_token::create))
        .routes(routes!(api_token::revoke))
}
