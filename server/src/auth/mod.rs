//! Sign-in, sign-out, set-up: what a browser does before and after it has a session.

mod back_channel;
mod set_up;
mod sign_in;
mod sign_out;

use axum::{
    Router,
    routing::{get, post},
};

use crate::state::AppState;

/// The routes below `/auth` and `/setup`.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/auth/sign-in", get(sign_in::start))
        .route("/auth/callback", get(sign_in::callback))
        .route("/auth/sign-out", post(sign_out::sign_out))
        .route("/auth/backchannel-logout", post(back_channel::logout))
        .route("/setup/{secret}", get(set_up::show).post(set_up::accept))
}
