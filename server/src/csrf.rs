//! Cross-site requests are refused: by Sec-Fetch-Site, or by Origin where a browser
//! sends no Sec-Fetch-Site. A request that changes something and carries any cookie but
//! neither header is no browser's, and is refused too.

use axum::{
    extract::{Request, State},
    http::{Method, header},
    middleware::Next,
    response::Response,
};
use types::{ErrorCode, Problem};

use crate::{error::problem, state::AppState};

/// Endpoints that other services call; they take no cookie.
const BACK_CHANNEL: [&str; 3] = ["/auth/backchannel-logout", "/internal/", "/dev/issuer/"];

/// Refuses what comes from elsewhere.
pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if is_allowed(&state, &request) {
        next.run(request).await
    } else {
        problem(Problem::new(
            ErrorCode::CrossSite,
            "This request came from another site and was refused. Open kombify itself and try again.",
        ))
    }
}

fn is_allowed(state: &AppState, request: &Request) -> bool {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return true;
    }
    let path = request.uri().path();
    if BACK_CHANNEL.iter().any(|place| path.starts_with(place)) {
        return true;
    }
    let text = |name: header::HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let fetch_site = request
        .headers()
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    match (fetch_site, text(header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == state.site.public_url,
        (None, None) => !request.headers().contains_key(header::COOKIE),
    }
}
