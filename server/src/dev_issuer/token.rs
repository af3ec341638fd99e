//! The token endpoint and userinfo (OpenID Connect Core 1.0, 3.1.3, 5.3 and 12).

use std::sync::Arc;

use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    DevIssuer,
    store::{Granted, TOKEN_SECONDS},
    tokens::access_token_hash,
};

const DISCREET: AppendHeaders<[(header::HeaderName, &str); 1]> =
    AppendHeaders([(header::CACHE_CONTROL, "no-store")]);

#[derive(Deserialize)]
pub(super) struct Request {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    refresh_token: String,
}

/// Tokens for a code with its verifier, or for a refresh token.
pub(super) async fn give(
    State(issuer): State<Arc<DevIssuer>>,
    Form(request): Form<Request>,
) -> Response {
    if request.client_id != issuer.client_id {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let granted = match request.grant_type.as_str() {
        "authorization_code" => issuer.store.redeem(&request.code, &issuer.env, |code| {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&request.code_verifier));
            code.redirect_uri == request.redirect_uri && code.challenge == challenge
        }),
        "refresh_token" => issuer.store.refresh(&request.refresh_token, &issuer.env),
        _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    };
    let Some(granted) = granted else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    match answer(&issuer, granted) {
        Ok(body) => (DISCREET, Json(body)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the development issuer could not sign a token");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn answer(issuer: &DevIssuer, granted: Granted) -> Result<Value, jsonwebtoken::errors::Error> {
    let Granted {
        account,
        sid,
        begun_at,
        nonce,
        access_token,
        refresh_token,
    } = granted;
    let now = issuer.now();
    let mut claims = account.claims();
    claims["iss"] = json!(issuer.issuer);
    claims["aud"] = json!([issuer.client_id]);
    claims["azp"] = json!(issuer.client_id);
    claims["iat"] = json!(now);
    claims["exp"] = json!(now + TOKEN_SECONDS);
    claims["auth_time"] = json!(begun_at.0.div_euclid(1000));
    claims["sid"] = json!(sid);
    claims["at_hash"] = json!(access_token_hash(&access_token));
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    let mut answer = json!({
        "access_token": access_token,
        "id_token": issuer.signer.sign("JWT", &claims)?,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
    });
    if let Some(refresh_token) = refresh_token {
        answer["refresh_token"] = json!(refresh_token);
    }
    Ok(answer)
}

/// Who an access token speaks for.
pub(super) async fn user_info(
    State(issuer): State<Arc<DevIssuer>>,
    headers: HeaderMap,
) -> Response {
    let account = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(|token| issuer.store.bearer(token, &issuer.env));
    match account {
        Some(account) => (DISCREET, Json(account.claims())).into_response(),
        None => {
            let challenge =
                AppendHeaders([(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")]);
            (StatusCode::UNAUTHORIZED, challenge).into_response()
        }
    }
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, DISCREET, Json(json!({ "error": error }))).into_response()
}
