//! OpenTofu's http state backend: GET, POST, LOCK, UNLOCK with the run's token.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    services::Services,
    stack::state::{LockAnswer, StateCredentials},
};
use serde::Deserialize;
use types::{ErrorCode, StackId};

use crate::{
    error::{ApiError, ApiResult},
    extract::{Path, Raw},
};

#[derive(Deserialize)]
pub(super) struct StatePath {
    slug: String,
    stack: StackId,
}

/// One request of OpenTofu's. LOCK and UNLOCK are methods of their own.
pub(super) async fn state(
    State(services): State<Services>,
    Path(path): Path<StatePath>,
    method: Method,
    headers: HeaderMap,
    uri: axum::http::Uri,
    Raw(body): Raw,
) -> Response {
    let mut response = answer(&services, path, &method, &headers, &uri, &body)
        .await
        .into_response();
    if let Some(wanted) = response.headers_mut().get_mut(header::WWW_AUTHENTICATE) {
        *wanted = HeaderValue::from_static("Basic realm=\"state\"");
    }
    response
}

async fn answer(
    services: &Services,
    path: StatePath,
    method: &Method,
    headers: &HeaderMap,
    uri: &axum::http::Uri,
    body: &[u8],
) -> ApiResult<Response> {
    let credentials = credentials(path, headers)?;
    let state = &services.stack.state;
    Ok(match method.as_str() {
        "GET" => match state.get(&credentials).await? {
            Some(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
        "POST" => {
            state
                .put(&credentials, lock_id(uri).as_deref(), body)
                .await?;
            StatusCode::OK.into_response()
        }
        "LOCK" => match state.lock(&credentials, body).await? {
            LockAnswer::Taken => StatusCode::OK.into_response(),
            LockAnswer::Held(info) => (StatusCode::LOCKED, axum::Json(info)).into_response(),
        },
        "UNLOCK" => {
            state.unlock(&credentials, body).await?;
            StatusCode::OK.into_response()
        }
        _ => {
            return Err(ApiError(domain::Error::refused(
                ErrorCode::MethodNotAllowed,
                "The state knows GET, POST, LOCK and UNLOCK.",
            )));
        }
    })
}

fn lock_id(uri: &axum::http::Uri) -> Option<String> {
    uri.query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("ID="))
        .map(str::to_owned)
}

fn credentials(path: StatePath, headers: &HeaderMap) -> ApiResult<StateCredentials> {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let (username, password) = basic
        .as_deref()
        .and_then(|pair| pair.split_once(':'))
        .ok_or_else(|| ApiError(domain::Error::unauthenticated()))?;
    Ok(StateCredentials {
        tenant: path.slug,
        stack: path.stack,
        username: username.to_owned(),
        password: password.to_owned(),
    })
}
