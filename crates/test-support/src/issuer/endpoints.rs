//! The fake issuer's endpoints.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use axum::{
    Form, Json, Router,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openidconnect::url::Url;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Account, CLIENT_ID, CLIENT_SECRET, ClientProof, DiscoveryFault, Fault, RefreshAnswer, Shared,
    Signing,
    tokens::{self, Occasion},
};

/// The parameter that says which announced sign-in an authorise request is.
pub(super) const SIGN_IN: &str = "fake_sign_in";

type Fields = HashMap<String, String>;

/// What a code or a token stands for.
#[derive(Clone)]
pub(super) struct Grant {
    account: Account,
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
    offline: bool,
    /// All refresh tokens of one sign-in.
    family: String,
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/elsewhere", get(document))
        .route("/keys", get(keys))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/userinfo", get(userinfo))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), outage))
        .with_state(shared)
}

async fn outage(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if shared.state().down {
        if request.uri().path().contains("/.well-known/") {
            shared.counts.discoveries.fetch_add(1, Ordering::SeqCst);
        }
        return (StatusCode::SERVICE_UNAVAILABLE, "down").into_response();
    }
    next.run(request).await
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Response {
    shared.counts.discoveries.fetch_add(1, Ordering::SeqCst);
    let fault = shared.state().discovery;
    match fault {
        DiscoveryFault::None | DiscoveryFault::ForeignIssuer => {
            document(State(shared)).await.into_response()
        }
        DiscoveryFault::Redirect => Redirect::temporary("/elsewhere").into_response(),
        DiscoveryFault::Endless => {
            let Json(mut good) = document(State(shared)).await;
            good["filler"] = json!("x".repeat(3 << 20));
            Json(good).into_response()
        }
    }
}

async fn document(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", shared.issuer);
    let (fault, proof) = {
        let state = shared.state();
        (state.discovery, state.proof)
    };
    let issuer = if fault == DiscoveryFault::ForeignIssuer {
        "https://issuer.example.test"
    } else {
        &shared.issuer
    };
    let proof = match proof {
        ClientProof::None => "none",
        ClientProof::Basic => "client_secret_basic",
        ClientProof::Post => "client_secret_post",
    };
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/keys"),
        "end_session_endpoint": at("/end_session"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [proof],
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    }))
}

async fn keys(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.counts.key_fetches.fetch_add(1, Ordering::SeqCst);
    let key = shared.state().key.public();
    Json(json!({ "keys": [key] }))
}

/// Refuses what a real issuer with PKCE would refuse.
async fn authorize(
    State(shared): State<Arc<Shared>>,
    Query(mut fields): Query<Fields>,
) -> Response {
    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
    let wrong = |what: &str| {
        (
            StatusCode::BAD_REQUEST,
            format!("{what} is missing or wrong"),
        )
            .into_response()
    };
    let (state, challenge, redirect_uri) =
        (take("state"), take("code_challenge"), take("redirect_uri"));
    let scope = take("scope");
    let scopes: Vec<&str> = scope.split(' ').collect();
    if take("client_id") != CLIENT_ID {
        return wrong("client_id");
    }
    if take("response_type") != "code" {
        return wrong("response_type");
    }
    if take("code_challenge_method") != "S256" || challenge.len() != 43 {
        return wrong("code_challenge");
    }
    if state.is_empty() {
        return wrong("state");
    }
    if scopes.iter().filter(|scope| **scope == "openid").count() != 1 {
        return wrong("scope");
    }
    let Ok(mut back) = Url::parse(&redirect_uri) else {
        return wrong("redirect_uri");
    };
    let Some(account) = shared.state().announced.remove(&take(SIGN_IN)) else {
        return wrong(SIGN_IN);
    };
    let nonce = Some(take("nonce")).filter(|nonce| !nonce.is_empty());
    let code = shared.env.secret();
    let grant = Grant {
        account,
        nonce,
        challenge,
        redirect_uri,
        offline: scopes.contains(&"offline_access"),
        family: shared.env.secret(),
    };
    shared.state().codes.insert(code.clone(), grant);
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &state);
    Redirect::to(back.as_str()).into_response()
}

async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let count = match field(&fields, "grant_type") {
        "refresh_token" => &shared.counts.refreshes,
        _ => &shared.counts.redeemed,
    };
    count.fetch_add(1, Ordering::SeqCst);
    let mut held = shared.held.subscribe();
    if *held.borrow() {
        shared.counts.waiting.fetch_add(1, Ordering::SeqCst);
        let released = held.wait_for(|held| !held).await.is_ok();
        shared.counts.waiting.fetch_sub(1, Ordering::SeqCst);
        assert!(released, "the issuer stopped");
    }
    if !is_proven(&shared, &headers, &fields) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    match field(&fields, "grant_type") {
        "authorization_code" => redeem(&shared, &fields),
        "refresh_token" => refresh(&shared, field(&fields, "refresh_token")),
        _ => refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    }
}

fn is_proven(shared: &Shared, headers: &HeaderMap, fields: &Fields) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match shared.state().proof {
        ClientProof::None => {
            given.is_none()
                && !fields.contains_key("client_secret")
                && field(fields, "client_id") == CLIENT_ID
        }
        // Both parts are form-encoded before they are joined (RFC 6749, 2.3.1).
        ClientProof::Basic => given.is_some_and(|given| {
            given
                == format!(
                    "{CLIENT_ID}:{}",
                    CLIENT_SECRET.replace(' ', "+").replace('\'', "%27")
                )
        }),
        ClientProof::Post => {
            given.is_none()
                && field(fields, "client_id") == CLIENT_ID
                && field(fields, "client_secret") == CLIENT_SECRET
        }
    }
}

fn redeem(shared: &Shared, fields: &Fields) -> Response {
    let verifier = field(fields, "code_verifier");
    shared.state().verifiers.push(verifier.to_owned());
    let grant = shared.state().codes.remove(field(fields, "code"));
    let Some(grant) = grant else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if challenge != grant.challenge || field(fields, "redirect_uri") != grant.redirect_uri {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    granted(shared, grant, Signing::Proper)
}

/// Rotates; a token that comes a second time ends the whole family (RFC 9700, 4.14).
fn refresh(shared: &Shared, token: &str) -> Response {
    let answer = shared.state().refresh;
    let signing = match answer {
        RefreshAnswer::Tokens => Signing::Proper,
        RefreshAnswer::ForgedIdToken => Signing::StrangersKey,
        RefreshAnswer::InvalidGrant => return refused(StatusCode::BAD_REQUEST, "invalid_grant"),
        RefreshAnswer::InvalidClient => return refused(StatusCode::UNAUTHORIZED, "invalid_client"),
        RefreshAnswer::Unavailable => {
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                "<h1>Service unavailable</h1>",
            )
                .into_response();
        }
    };
    let grant = {
        let mut state = shared.state();
        match state.refreshing.get_mut(token) {
            Some((grant, used @ false)) => {
                *used = true;
                Some(grant.clone())
            }
            Some((grant, true)) => {
                let family = grant.family.clone();
                state
                    .refreshing
                    .retain(|_, (grant, _)| grant.family != family);
                None
            }
            None => None,
        }
    };
    match grant {
        Some(grant) => granted(
            shared,
            Grant {
                nonce: None,
                ..grant
            },
            signing,
        ),
        None => refused(StatusCode::BAD_REQUEST, "invalid_grant"),
    }
}

fn granted(shared: &Shared, mut grant: Grant, signing: Signing) -> Response {
    let has = |fault: Fault| grant.account.has(&fault);
    let mut access_token = shared.env.secret();
    if has(Fault::UnsendableAccessToken) {
        access_token.push('\n');
    }
    let (key, lifetime) = {
        let state = shared.state();
        (Arc::clone(&state.key), state.lifetime)
    };
    let mut answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": lifetime,
    });
    let mut issued = vec![("access token", access_token.clone())];
    let gives_id_token = !has(Fault::NoIdToken);
    if signing != Signing::Proper {
        grant.account = grant.account.fault(Fault::Signed(signing));
    }
    if gives_id_token {
        let occasion = Occasion {
            issuer: &shared.issuer,
            now: shared.now(),
            lifetime,
            nonce: grant.nonce.as_deref(),
            access_token: &access_token,
        };
        let token = tokens::id_token(&grant.account, &occasion, &key);
        answer["id_token"] = json!(token);
        issued.push(("ID token", token));
    }
    let mut state = shared.state();
    state.access.insert(access_token, grant.clone());
    if grant.offline {
        let token = shared.env.secret();
        answer["refresh_token"] = json!(token);
        issued.push(("refresh token", token.clone()));
        state.refreshing.insert(token, (grant, false));
    }
    state.issued.extend(issued);
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    let Some(grant) = shared.state().access.get(token).cloned() else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let account = grant.account;
    if account.has(&Fault::SilentUserinfo) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut claims = account.claims.clone();
    claims.extend(account.userinfo.clone());
    let subject = if account.has(&Fault::ForeignUserinfo) {
        "somebody-else"
    } else {
        &account.subject
    };
    claims.insert("sub".to_owned(), json!(subject));
    Json(claims).into_response()
}

fn refused(status: StatusCode, error: &str) -> Response {
    (
        status,
        [(header::CACHE_CONTROL, "no-store")],
        Json(json!({ "error": error })),
    )
        .into_response()
}

fn field<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.get(name).map_or("", String::as_str)
}
