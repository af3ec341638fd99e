//! The stack instance's side of the hand-over.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use domain::{
    assertion::{BoundRequest, EXCHANGE_PATH},
    services::Services,
};
use serde::Deserialize;
use types::stack::SsoExchangeView;

use crate::{
    cookies::CookieNames,
    error::ApiResult,
    extract::{Brought, Query, Raw},
    pages::failure,
};

const TRANSACTION_MINUTES: i64 = 10;
const DISCREET: AppendHeaders<[(header::HeaderName, &str); 2]> = AppendHeaders([
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
]);

#[derive(Deserialize)]
pub(super) struct Start {
    tenant: String,
    return_to: Option<String>,
}

/// Starts a hand-over: the browser goes to the portal and comes back with a code.
pub(super) async fn start(
    State(services): State<Services>,
    State(cookies): State<CookieNames>,
    Query(query): Query<Start>,
) -> Response {
    match services
        .stack
        .hand_over
        .start(&query.tenant, query.return_to.as_deref())
    {
        Ok(started) => {
            let age = time::Duration::minutes(TRANSACTION_MINUTES);
            let cookie = cookies.cookie(cookies.hand_over(), started.transaction, Some(age));
            let cookie = AppendHeaders([(header::SET_COOKIE, cookie.to_string())]);
            (DISCREET, cookie, Redirect::to(&started.redirect)).into_response()
        }
        Err(error) => failure(error),
    }
}

#[derive(Deserialize)]
pub(super) struct Callback {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// Takes the portal's code and begins a session for this tenant. The hand-over's
/// cookie is used up, whatever comes of it.
pub(super) async fn callback(
    State(services): State<Services>,
    State(cookies): State<CookieNames>,
    headers: axum::http::HeaderMap,
    Query(query): Query<Callback>,
) -> Response {
    let transaction = cookies.value(&headers, &cookies.hand_over());
    let used = AppendHeaders([(
        header::SET_COOKIE,
        cookies.removal(cookies.hand_over()).to_string(),
    )]);
    match services
        .stack
        .hand_over
        .finish(transaction.as_deref(), &query.code, &query.state)
        .await
    {
        Ok(end) => {
            let cookie = cookies.cookie(
                cookies.stack(&end.session.tenant_slug),
                end.session.token,
                None,
            );
            let cookie = AppendHeaders([(header::SET_COOKIE, cookie.to_string())]);
            (DISCREET, used, cookie, Redirect::to(&end.return_to)).into_response()
        }
        Err(error) => (DISCREET, used, failure(error)).into_response(),
    }
}

/// Exchanges the gateway's signed assertion for a session of this tenant. Plain
/// identity headers prove nothing.
#[utoipa::path(post, path = "/api/internal/sso/exchange", tag = "launch", responses((status = 200, body = SsoExchangeView), (status = 400), (status = 404), (status = 409), (status = 413)), security(("assertion" = [])))]
pub(super) async fn exchange(
    State(services): State<Services>,
    Brought(brought): Brought,
    Raw(body): Raw,
) -> ApiResult<(
    AppendHeaders<[(header::HeaderName, &'static str); 1]>,
    Json<SsoExchangeView>,
)> {
    let request = BoundRequest {
        method: "POST",
        path: EXCHANGE_PATH,
        body: Some(&body),
    };
    let session = services
        .stack
        .exchange
        .exchange(brought.assertion.as_deref(), &request)
        .await?;
    Ok((
        AppendHeaders([(header::CACHE_CONTROL, "no-store")]),
        Json(session),
    ))
}
