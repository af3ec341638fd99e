//! `GET /auth/sign-in` and `GET /auth/callback`: OpenID Connect code flow with PKCE.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Key, PrivateCookieJar};
use domain::{portal::sign_in::Transaction, services::Services};
use serde::Deserialize;

use super::super::pages::failure;
use crate::{
    cookies::CookieNames,
    extract::{Brought, Query},
    limits::{SignInLimit, Wait},
};

const TRANSACTION_MINUTES: i64 = 10;
/// Neither caches nor other sites learn the address with the code in it.
const DISCREET: AppendHeaders<[(HeaderName, HeaderValue); 2]> = AppendHeaders([
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
]);

#[derive(Deserialize)]
pub(super) struct Start {
    return_to: Option<String>,
}

/// Sends the browser to the provider; what ties the answer to this browser goes
/// into an encrypted cookie for ten minutes.
pub(super) async fn start(
    State(services): State<Services>,
    State(cookies): State<CookieNames>,
    State(key): State<Key>,
    State(limit): State<Arc<SignInLimit>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(query): Query<Start>,
) -> Result<Response, Response> {
    limit.count(peer.ip(), &headers).map_err(too_many)?;
    let sign_in = &services.portal.sign_in;
    let begun = sign_in.begin(query.return_to.as_deref()).await;
    let (authorize_url, transaction) = begun.map_err(failure)?;
    let value = serde_json::to_string(&transaction)
        .map_err(|error| failure(domain::Error::internal("write the sign-in", error)))?;
    let age = time::Duration::minutes(TRANSACTION_MINUTES);
    let jar = PrivateCookieJar::new(key).add(cookies.cookie(cookies.sign_in(), value, Some(age)));
    Ok((DISCREET, jar, Redirect::to(&authorize_url)).into_response())
}

fn too_many(wait: Wait) -> Response {
    let after = AppendHeaders([(header::RETRY_AFTER, wait.0)]);
    (after, failure(wait.error())).into_response()
}

#[derive(Deserialize)]
pub(super) struct Callback {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes the provider's answer. The sign-in's cookie is used up, whatever comes of it.
pub(super) async fn callback(
    State(services): State<Services>,
    State(cookies): State<CookieNames>,
    jar: PrivateCookieJar,
    Brought(brought): Brought,
    Query(query): Query<Callback>,
) -> Response {
    let transaction = jar
        .get(&cookies.sign_in())
        .and_then(|cookie| serde_json::from_str::<Transaction>(cookie.value()).ok());
    let jar = jar.remove(cookies.removal(cookies.sign_in()));
    match complete(&services, transaction, &query, &brought).await {
        Ok(signed_in) => {
            let session = cookies.cookie(cookies.portal(), signed_in.token, None);
            let session = AppendHeaders([(header::SET_COOKIE, session.to_string())]);
            (DISCREET, jar, session, Redirect::to(&signed_in.return_to)).into_response()
        }
        Err(error) => (DISCREET, jar, failure(error)).into_response(),
    }
}

async fn complete(
    services: &Services,
    transaction: Option<Transaction>,
    query: &Callback,
    brought: &domain::actor::Credentials,
) -> domain::Result<domain::portal::sign_in::SignedIn> {
    if let Some(error) = &query.error {
        let said = query.error_description.as_deref().unwrap_or(error);
        return Err(services
            .portal
            .sign_in
            .declined(transaction, &query.state, said));
    }
    services
        .portal
        .sign_in
        .complete(
            transaction,
            &query.state,
            &query.code,
            brought.portal_session.as_deref(),
            &brought.request_id,
        )
        .await
}
