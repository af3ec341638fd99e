//! Live views end when the process stops, so that they do not hold the stop up: a
//! browser opens them again by itself, then at another process.

use axum::{
    body::Body,
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::Response,
};
use futures::StreamExt as _;

use crate::state::AppState;

/// Ends each stream of server-sent events with the process.
pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_stream = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if !is_stream {
        return response;
    }
    let stopping = state.stopping.cancelled_owned();
    let (parts, body) = response.into_parts();
    let body = Body::from_stream(body.into_data_stream().take_until(Box::pin(stopping)));
    Response::from_parts(parts, body)
}
