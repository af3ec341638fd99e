//! `POST /auth/sign-out`: ends this browser's sessions, here and at the provider.

use axum::{
    extract::State,
    http::header,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use domain::services::Services;

use crate::{cookies::CookieNames, error::ApiResult, extract::Brought, state::AppState};

pub(super) async fn sign_out(
    State(state): State<AppState>,
    State(services): State<Services>,
    State(cookies): State<CookieNames>,
    Brought(brought): Brought,
) -> ApiResult<Response> {
    services.stack.access.sign_out(&brought).await?;
    let onward = match &brought.portal_session {
        Some(token) => {
            services
                .portal
                .sessions
                .sign_out(token, &format!("{}/", state.site.public_url))
                .await?
        }
        None => None,
    };
    let mut removals = vec![cookies.removal(cookies.portal())];
    removals.extend(
        brought
            .stack_sessions
            .keys()
            .map(|slug| cookies.removal(cookies.stack(slug))),
    );
    let removals: Vec<_> = removals
        .iter()
        .map(|cookie| (header::SET_COOKIE, cookie.to_string()))
        .collect();
    let mut response = Redirect::to(onward.as_deref().unwrap_or("/")).into_response();
    for (name, value) in removals {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(name, value);
        }
    }
    Ok((
        AppendHeaders([(header::CACHE_CONTROL, "no-store")]),
        response,
    )
        .into_response())
}
