//! The parts of a request, read as axum reads them; one that cannot be read is a
//! problem like every other error, and not axum's plain text.

use std::{error::Error, fmt, marker::PhantomData};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use types::ErrorCode;

use crate::error::ApiError;

/// The words of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(unreadable("address", rejection.status(), &rejection)),
        }
    }
}

/// What stands after the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(unreadable("address", rejection.status(), &rejection)),
        }
    }
}

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match axum::Json::<Named<T>>::from_request(request, state).await {
            Ok(axum::Json(Named(value))) => Ok(Self(value)),
            Err(rejection) => Err(unreadable("body", rejection.status(), &rejection)),
        }
    }
}

/// What is read from an object only: a struct would take a list too, value by value.
struct Named<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Object(PhantomData)).map(Self)
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

/// A body of form fields.
pub(crate) struct Form<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match axum::Form::<T>::from_request(request, state).await {
            Ok(axum::Form(value)) => Ok(Self(value)),
            Err(rejection) => Err(unreadable("form", rejection.status(), &rejection)),
        }
    }
}

/// A body as it came, byte by byte: what a signature may cover.
pub(crate) struct Raw(pub(crate) axum::body::Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match axum::body::Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) => Err(unreadable("body", rejection.status(), &rejection)),
        }
    }
}

/// A refusal in the words of what read the part; axum's own words before them say
/// which of its readers it was.
fn unreadable(part: &str, status: StatusCode, rejection: &dyn Error) -> ApiError {
    let why = rejection.source().unwrap_or(rejection).to_string();
    let why = why.strip_prefix("Invalid URL: ").unwrap_or(&why);
    let why = why.trim_end_matches('.');
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError(domain::Error::refused(
            ErrorCode::TooLarge,
            crate::limits::TOO_LARGE,
        ))
    } else if status.is_server_error() {
        ApiError(domain::Error::internal(
            format!("read the {part} of a request"),
            why,
        ))
    } else {
        ApiError::invalid(format!("The {part} could not be read: {why}."))
    }
}
