//! `POST /auth/backchannel-logout` (OpenID Connect Back-Channel Logout 1.0).

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use domain::services::Services;
use serde::Deserialize;

use crate::{error::ApiResult, extract::Form};

#[derive(Deserialize)]
pub(super) struct Notice {
    logout_token: String,
}

/// Ends the sessions that the provider names.
pub(super) async fn logout(
    State(services): State<Services>,
    Form(notice): Form<Notice>,
) -> ApiResult<impl IntoResponse> {
    let ended = services
        .portal
        .sessions
        .end_by_provider(&notice.logout_token)
        .await?;
    tracing::info!(sessions.ended = ended, "the provider ended sessions");
    Ok((
        StatusCode::OK,
        AppendHeaders([(header::CACHE_CONTROL, "no-store")]),
    ))
}
