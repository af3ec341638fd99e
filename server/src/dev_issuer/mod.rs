//! An OpenID provider for development: four known accounts, no passwords, loopback
//! only. Behind the feature `dev-issuer`, and refused in production mode.
//!
//! It speaks the real protocol (discovery, code flow with PKCE S256, refresh with
//! rotation, userinfo, RP-initiated logout) and carries Zitadel's claims.

mod account;
mod endpoints;
mod page;
mod store;
mod tokens;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::env::Env;

pub(crate) use account::ORGANISATION;
use store::Store;
use tokens::Signer;

/// How kombify is known at the development issuer.
pub(crate) struct DevIssuer {
    issuer: String,
    client_id: String,
    origin: String,
    env: Env,
    signer: Signer,
    store: Store,
}

/// The issuer's routes, below `/dev/issuer`.
///
/// # Errors
/// When its signing key cannot be made.
pub(crate) fn router(issuer: String, client_id: String, origin: String, seed: &[u8; 32], env: Env) -> anyhow::Result<Router> {
    let signer = Signer::new(seed)?;
    let shared = Arc::new(DevIssuer { store: Store::default(), issuer, client_id, origin, env, signer });
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(endpoints::discovery))
        .route("/keys", get(endpoints::keys))
        .route("/authorize", get(endpoints::authorize).post(endpoints::choose))
        .route("/token", post(endpoints::token))
        .route("/userinfo", get(endpoints::user_info))
        .route("/end_session", get(endpoints::end_session))
        .with_state(shared)
        .layer(middleware::from_fn(loopback_only));
    Ok(Router::new().nest("/dev/issuer", routes))
}

/// Whoever asks from another machine gets nothing.
async fn loopback_only(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if peer.is_some_and(|address| address.is_loopback()) {
        next.run(request).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}
