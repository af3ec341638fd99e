//! Codes of the launch hand-over: given to a browser, redeemed by an instance.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use domain::{
    portal::launch_code::{CodeRedeem, CodeRequest},
    services::Services,
};
use serde::{Deserialize, Serialize};
use types::ErrorCode;

use crate::{
    error::ApiResult,
    extract::{Body, Brought, Query},
    pages::failure,
};

const DISCREET: AppendHeaders<[(header::HeaderName, &str); 2]> = AppendHeaders([
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
]);

#[derive(Deserialize)]
pub(super) struct Authorize {
    client: String,
    tenant: String,
    redirect_uri: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
}

/// Sends a signed-in browser back to the instance with a one-use code; one that is
/// not signed in signs in first and comes back here.
pub(super) async fn authorize(
    State(services): State<Services>,
    Brought(brought): Brought,
    Query(query): Query<Authorize>,
    request: axum::extract::OriginalUri,
) -> Response {
    let issue = async {
        if query.code_challenge_method != "S256" {
            return Err(domain::Error::refused(
                ErrorCode::HandOver,
                "The instance asks without PKCE (S256). Its version does not fit this portal's: bring both to the same one.",
            ));
        }
        let actor = services.authenticate(&brought).await?;
        let wanted = CodeRequest {
            client: query.client,
            tenant: query.tenant,
            redirect_uri: query.redirect_uri.clone(),
            challenge: query.code_challenge,
        };
        services.portal.launch_codes.issue(&actor, &wanted).await
    };
    match issue.await {
        Ok(code) => {
            let onward = format!(
                "{}?code={code}&state={}",
                query.redirect_uri,
                encode(&query.state)
            );
            (DISCREET, Redirect::to(&onward)).into_response()
        }
        Err(error) if error.code() == ErrorCode::Unauthenticated => {
            let here = request
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default();
            let onward = format!("/auth/sign-in?return_to={}", encode(&here));
            (DISCREET, Redirect::to(&onward)).into_response()
        }
        Err(error) => (DISCREET, failure(error)).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redeem {
    code: String,
    code_verifier: String,
    redirect_uri: String,
    client: String,
}

#[derive(Serialize)]
pub(super) struct Redeemed {
    assertion: String,
}

/// Answers the assertion of who launches what; the code is burned.
pub(super) async fn redeem(
    State(services): State<Services>,
    Body(body): Body<Redeem>,
) -> ApiResult<impl IntoResponse> {
    let Redeem {
        code,
        code_verifier,
        redirect_uri,
        client,
    } = body;
    let wanted = CodeRedeem {
        code,
        verifier: code_verifier,
        redirect_uri,
        client,
    };
    let assertion = services.portal.launch_codes.redeem(&wanted).await?;
    Ok((DISCREET, Json(Redeemed { assertion })))
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
