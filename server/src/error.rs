//! The one mapping from what went wrong to an answer: problem+json (RFC 9457).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use types::{ErrorCode, Problem};

/// The media type of every error answer.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// What a handler answers when it does not answer.
pub(crate) struct ApiError(pub(crate) domain::Error);

pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl<E: Into<domain::Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl ApiError {
    /// The same for a request that could not be read.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self(domain::Error::refused(ErrorCode::Invalid, detail))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.0.log();
        problem(self.0.problem())
    }
}

/// A problem as an answer. The request id is added by the outer layer.
pub(crate) fn problem(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(problem)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110, section 11.6.1: what the answer asks for.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
