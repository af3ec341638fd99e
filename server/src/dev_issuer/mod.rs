//! An OpenID provider for development: four known accounts, no passwords, loopback
//! only. Behind the feature `dev-issuer`, and refused in production mode.
//!
//! It speaks the real protocol (discovery, code flow with PKCE S256, refresh with
//! rotation, userinfo, logout in both directions) and carries Zitadel's claims. Its key and
//! its sessions outlive the process, so that a restart signs nobody out.

mod account;
mod authorize;
mod page;
mod sign_out;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod tokens;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::env::Env;
use openidconnect::url::{Position, Url};
use serde_json::{Value, json};

use self::{store::Store, tokens::Signer};

/// Where the issuer lives below kombify's address.
const PATH: &str = "/dev/issuer";
const LOGOUT_TIMEOUT: Duration = Duration::from_secs(2);

/// The issuer, and how kombify is known at it.
struct DevIssuer {
    issuer: String,
    client_id: String,
    /// kombify's own address, without a slash at the end.
    origin: String,
    env: Env,
    signer: Signer,
    store: Store,
    http: reqwest::Client,
}

/// The issuer's routes, below `/dev/issuer`. `origin` is kombify's address without a
/// slash at the end, `seed` the issuer's secret key (RFC 8032), `sessions` the file that
/// its sessions are kept in.
///
/// # Errors
/// When its signing key or its HTTP client cannot be made.
pub(crate) fn router(
    issuer: String,
    client_id: String,
    origin: String,
    seed: &[u8; 32],
    sessions: PathBuf,
    env: Env,
) -> anyhow::Result<Router> {
    let authority = Url::parse(&issuer).context("the development issuer's address is no URL")?
        [Position::BeforeHost..Position::AfterPort]
        .to_owned();
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(LOGOUT_TIMEOUT)
        .build()
        .context("the development issuer cannot reach kombify")?;
    let shared = Arc::new(DevIssuer {
        signer: Signer::new(seed)?,
        store: Store::open(sessions),
        issuer,
        client_id,
        origin,
        env,
        http,
    });
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/authorize", get(authorize::show).post(authorize::choose))
        .route("/token", post(token::give))
        .route("/userinfo", get(token::user_info).post(token::user_info))
        .route(
            "/end_session",
            get(sign_out::by_link).post(sign_out::by_form),
        )
        .with_state(shared)
        .layer(middleware::from_fn_with_state(
            Arc::<str>::from(authority),
            this_machine_only,
        ));
    Ok(Router::new().nest(PATH, routes))
}

impl DevIssuer {
    /// The one address that codes are sent to.
    fn redirect_uri(&self) -> String {
        format!("{}/auth/callback", self.origin)
    }

    /// Seconds since 1970.
    fn now(&self) -> i64 {
        self.env.now().0.div_euclid(1000)
    }
}

async fn discovery(State(issuer): State<Arc<DevIssuer>>) -> Json<Value> {
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
        "prompt_values_supported": ["none"],
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    }))
}

async fn keys(State(issuer): State<Arc<DevIssuer>>) -> Json<Value> {
    Json(issuer.signer.keys())
}

/// Whoever asks from another machine gets nothing: also by way of a proxy on this
/// one, and by a name that somebody else has pointed at this one (DNS rebinding).
async fn this_machine_only(
    State(authority): State<Arc<str>>,
    request: Request,
    next: Next,
) -> Response {
    let is_local = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .is_some_and(|peer| peer.0.ip().is_loopback());
    let headers = request.headers();
    let is_forwarded = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-real-ip",
    ]
    .iter()
    .any(|name| headers.contains_key(*name));
    let is_meant = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .is_some_and(|host| host.eq_ignore_ascii_case(&authority));
    if is_local && is_meant && !is_forwarded {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}
