//! From a request to who asks and what for.

mod parts;

use std::collections::BTreeMap;

use axum::{
    extract::{FromRef, FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use domain::{
    actor::{Actor, Credentials, Presence},
    assertion,
    services::Services,
};

pub(crate) use self::parts::{Body, Form, Path, Query, Raw};
use crate::{cookies::CookieNames, error::ApiError, request_id::RequestId, state::AppState};

/// Puts what the request brought into its extensions; nothing is verified here.
pub(crate) async fn credentials(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let read = read(&state.cookies, &request);
    request.extensions_mut().insert(read);
    next.run(request).await
}

fn read(cookies: &CookieNames, request: &Request) -> Credentials {
    let headers = request.headers();
    Credentials {
        portal_session: cookies.value(headers, &cookies.portal()),
        stack_sessions: cookies
            .stack_sessions(headers)
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        bearer: bearer(headers),
        assertion: text(headers, assertion::HEADER),
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default(),
        presence: Presence::Attended,
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// What the request brought to prove who asks.
pub(crate) struct Brought(pub(crate) Credentials);

impl<S: Send + Sync> FromRequestParts<S> for Brought {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(
            parts
                .extensions
                .get::<Credentials>()
                .cloned()
                .unwrap_or_default(),
        ))
    }
}

/// The user who asks, verified.
pub(crate) struct Signed(pub(crate) Actor);

impl<S: Send + Sync> FromRequestParts<S> for Signed
where
    Services: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let credentials = parts
            .extensions
            .get::<Credentials>()
            .cloned()
            .unwrap_or_default();
        Ok(Self(
            Services::from_ref(state).authenticate(&credentials).await?,
        ))
    }
}
