//! The portal's side of the launch hand-over.

mod launch;

use axum::{
    Router,
    routing::{get, post},
};

use crate::state::AppState;

/// `/launch/authorize` for browsers, `/api/internal/launch/redeem` for instances.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/launch/authorize", get(launch::authorize))
        .route("/api/internal/launch/redeem", post(launch::redeem))
}
