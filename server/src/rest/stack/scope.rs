//! Tenant resolution: `X-Tenant-ID`, else `/tenant/{slug}/…`, then a verified place.

use axum::{
    extract::{FromRef, FromRequestParts, OriginalUri},
    http::request::Parts,
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
    let from_header = parts
        .headers
        .get("x-tenant-id")
        .and_then(|value| value.to_str().ok());
    match (from_header, from_path) {
        (Some(header), Some(path)) if header != path => Err(ApiError::invalid(
            "X-Tenant-ID and the address name two different tenants.",
        )),
        (Some(slug), _) | (None, Some(slug)) => Ok(slug.to_owned()),
        (None, None) => Err(ApiError(domain::Error::refused(
            ErrorCode::TenantRequired,
            "Tenant ID required",
        ))),
    }
}
