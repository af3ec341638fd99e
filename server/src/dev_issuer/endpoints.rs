//! The issuer's endpoints.

use std::sync::Arc;

use axum::{
    Form, Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD}};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    DevIssuer,
    account::{self, Account},
    page,
    store::{Code, Grant},
};

const CODE_SECONDS: i64 = 60;
const TOKEN_SECONDS: i64 = 900;

type Shared = State<Arc<DevIssuer>>;

pub(super) async fn discovery(State(issuer): Shared) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", issuer.issuer);
    Json(json!({
        "issuer": issuer.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/keys"),
        "end_session_endpoint": at("/end_session"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "backchannel_logout_supported": false,
    }))
}

pub(super) async fn keys(State(issuer): Shared) -> Json<Value> {
    Json(issuer.signer.keys())
}

#[derive(Deserialize)]
pub(super) struct Authorize {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    nonce: Option<String>,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
    account: Option<String>,
}

impl Authorize {
    fn check(&self, issuer: &DevIssuer) -> Result<(), &'static str> {
        if self.client_id != issuer.client_id {
            return Err("The client is not known here.");
        }
        if !self.redirect_uri.starts_with(&format!("{}/", issuer.origin)) {
            return Err("The redirect address is not kombify's.");
        }
        if self.response_type != "code" || self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return Err("Only the code flow with PKCE (S256) is possible here.");
        }
        Ok(())
    }
}

pub(super) async fn authorize(State(issuer): Shared, Query(request): Query<Authorize>) -> Response {
    if let Err(reason) = request.check(&issuer) {
        return (StatusCode::BAD_REQUEST, reason).into_response();
    }
    let nonce = request.nonce.clone().unwrap_or_default();
    let html = page::choose(&[
        ("response_type", &request.response_type),
        ("client_id", &request.client_id),
        ("redirect_uri", &request.redirect_uri),
        ("state", &request.state),
        ("nonce", &nonce),
        ("code_challenge", &request.code_challenge),
        ("code_challenge_method", &request.code_challenge_method),
    ]);
    let style = STANDARD.encode(Sha256::digest(page::STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    (AppendHeaders([(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store".to_owned())]), Html(html)).into_response()
}

pub(super) async fn choose(State(issuer): Shared, Form(request): Form<Authorize>) -> Response {
    if let Err(reason) = request.check(&issuer) {
        return (StatusCode::BAD_REQUEST, reason).into_response();
    }
    let Some(account) = request.account.as_deref().and_then(account::find) else {
        return (StatusCode::BAD_REQUEST, "There is no such account.").into_response();
    };
    let code = issuer.env.secret();
    issuer.store.keep_code(code.clone(), Code {
        grant: Grant { subject: account.subject.to_owned(), sid: issuer.env.secret() },
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.code_challenge,
        nonce: request.nonce.filter(|nonce| !nonce.is_empty()),
        expires_at: issuer.env.now().plus_seconds(CODE_SECONDS),
    });
    let state = percent_encoding::utf8_percent_encode(&request.state, percent_encoding::NON_ALPHANUMERIC);
    Redirect::to(&format!("{}?code={code}&state={state}", request.redirect_uri)).into_response()
}

#[derive(Deserialize)]
pub(super) struct TokenRequest {
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

pub(super) async fn token(State(issuer): Shared, Form(request): Form<TokenRequest>) -> Response {
    if request.client_id != issuer.client_id {
        return refused("invalid_client");
    }
    let granted = match request.grant_type.as_str() {
        "authorization_code" => redeem(&issuer, &request).map(|code| (code.grant, code.nonce)),
        "refresh_token" => issuer.store.take_refresh(&request.refresh_token).map(|grant| (grant, None)),
        _ => return refused("unsupported_grant_type"),
    };
    let Some((grant, nonce)) = granted else { return refused("invalid_grant") };
    let Some(account) = account::find(&grant.subject) else { return refused("invalid_grant") };
    match answer(&issuer, account, grant, nonce) {
        Ok(body) => (AppendHeaders([(header::CACHE_CONTROL, "no-store")]), Json(body)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn redeem(issuer: &DevIssuer, request: &TokenRequest) -> Option<Code> {
    let code = issuer.store.take_code(&request.code)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&request.code_verifier));
    let fits = code.expires_at > issuer.env.now()
        && code.redirect_uri == request.redirect_uri
        && code.challenge == challenge;
    fits.then_some(code)
}

fn answer(issuer: &DevIssuer, account: &Account, grant: Grant, nonce: Option<String>) -> Result<Value, jsonwebtoken::errors::Error> {
    let now = issuer.env.now().0.div_euclid(1000);
    let mut claims = account.claims();
    let fields = json!({
        "iss": issuer.issuer, "aud": [issuer.client_id], "azp": issuer.client_id,
        "iat": now, "exp": now + TOKEN_SECONDS, "auth_time": now, "sid": grant.sid,
    });
    if let (Some(claims), Some(fields)) = (claims.as_object_mut(), fields.as_object()) {
        claims.extend(fields.clone());
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), nonce.into());
        }
    }
    let access = json!({ "iss": issuer.issuer, "sub": account.subject, "aud": issuer.client_id, "iat": now, "exp": now + TOKEN_SECONDS, "use": "access" });
    let refresh_token = issuer.env.secret();
    issuer.store.keep_refresh(refresh_token.clone(), grant);
    Ok(json!({
        "access_token": issuer.signer.sign(&access)?,
        "id_token": issuer.signer.sign(&claims)?,
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
    }))
}

pub(super) async fn user_info(State(issuer): Shared, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let account = token
        .and_then(|token| issuer.signer.read(token))
        .filter(|claims| claims["use"] == "access" && claims["exp"].as_i64().unwrap_or(0) * 1000 > issuer.env.now().0)
        .and_then(|claims| account::find(claims["sub"].as_str()?));
    match account {
        Some(account) => Json(account.claims()).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct EndSession {
    id_token_hint: Option<String>,
    post_logout_redirect_uri: Option<String>,
}

pub(super) async fn end_session(State(issuer): Shared, Query(request): Query<EndSession>) -> Response {
    let subject = request.id_token_hint.as_deref().and_then(|hint| issuer.signer.read(hint));
    if let Some(subject) = subject.as_ref().and_then(|claims| claims["sub"].as_str()) {
        issuer.store.end_session(subject);
    }
    let home = format!("{}/", issuer.origin);
    let onward = request.post_logout_redirect_uri.filter(|uri| uri.starts_with(&home)).unwrap_or(home);
    Redirect::to(&onward).into_response()
}

fn refused(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}
