//! Tenant resolution: `X-Tenant-ID`, else `/tenant/{slug}/…`, then a verified place.

use axum::{
    extract::{FromRef, FromRequestParts, OriginalUri},
    http::{HeaderMap, request::Parts},
};
use domain::{actor::Credentials, services::Services, stack::TenantScope};
use types::ErrorCode;

use crate::error::ApiError;

/// The caller's verified place in a tenant.
pub(crate) struct Scoped(pub(crate) TenantScope);

impl<S: Send + Sync> FromRequestParts<S> for Scoped
where
    Services: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let slug = slug(parts)?;
        let credentials = parts
            .extensions
            .get::<Credentials>()
            .cloned()
            .unwrap_or_default();
        Ok(Self(
            Services::from_ref(state)
                .stack
                .access
                .authorise(&credentials, &slug)
                .await?,
        ))
    }
}

fn slug(parts: &Parts) -> Result<String, ApiError> {
    let path = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(parts.uri.path(), |uri| uri.path());
    let from_path = path
        .strip_prefix("/tenant/")
        .and_then(|rest| rest.split('/').next());
    match (from_header(&parts.headers)?, from_path) {
        (Some(header), Some(path)) if header != path => Err(ApiError::invalid(
            "X-Tenant-ID and the address name two different tenants.",
        )),
        (Some(slug), _) | (None, Some(slug)) => Ok(slug.to_owned()),
        (None, None) => Err(required()),
    }
}

/// The tenant that the header names. One that is empty names none, and a second one
/// must not contradict the first: something on the way may have read the other.
fn from_header(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut named = None;
    for value in headers.get_all("x-tenant-id") {
        let slug = value.to_str().unwrap_or_default().trim();
        if slug.is_empty() {
            return Err(required());
        }
        if named.is_some_and(|named| named != slug) {
            return Err(ApiError::invalid(
                "X-Tenant-ID names two different tenants.",
            ));
        }
        named = Some(slug);
    }
    Ok(named)
}

fn required() -> ApiError {
    ApiError(domain::Error::refused(
        ErrorCode::TenantRequired,
        "Tenant ID required",
    ))
}
