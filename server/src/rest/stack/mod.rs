//! The stack service's REST API: below `/v1` with the header `X-Tenant-ID`, and the
//! same below `/tenant/{slug}/v1`.

mod kits;
mod nodes;
mod runs;
mod scope;
mod sso;
mod stacks;
mod state;

use axum::{
    Router,
    routing::{any, get},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// The documented routes below `/v1`.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    of_one_tenant()
        .routes(routes!(kits::list))
        .routes(routes!(kits::view))
        .routes(routes!(sso::exchange))
}

fn of_one_tenant() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(stacks::list, stacks::create))
        .routes(routes!(stacks::view, stacks::remove))
        .routes(routes!(stacks::check))
        .routes(routes!(stacks::save))
        .routes(routes!(runs::create))
        .routes(routes!(runs::list))
        .routes(routes!(runs::view))
        .routes(routes!(runs::approve))
        .routes(routes!(runs::discard))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::log))
        .routes(routes!(runs::log_file))
        .routes(routes!(runs::events))
        .routes(routes!(nodes::list))
}

/// The same routes below `/tenant/{slug}`, and what browsers and OpenTofu use.
pub(crate) fn others() -> Router<AppState> {
    Router::new()
        .nest("/tenant/{slug}", of_one_tenant().split_for_parts().0)
        .route("/sso/start", get(sso::start))
        .route("/sso/callback", get(sso::callback))
        .route("/internal/state/{slug}/{stack}", any(state::state))
}
