//! Sign-out: asked for by the client (OpenID Connect RP-Initiated Logout 1.0), and
//! told to the client (Back-Channel Logout 1.0).

use std::sync::Arc;

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use openidconnect::url::Url;
use serde::Deserialize;
use serde_json::json;

use super::{DevIssuer, page};

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const LOGOUT_TOKEN_SECONDS: i64 = 120;

#[derive(Deserialize)]
pub(super) struct Request {
    id_token_hint: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

pub(super) async fn by_link(
    State(issuer): State<Arc<DevIssuer>>,
    Query(request): Query<Request>,
) -> Response {
    end(&issuer, request).await
}

pub(super) async fn by_form(
    State(issuer): State<Arc<DevIssuer>>,
    Form(request): Form<Request>,
) -> Response {
    end(&issuer, request).await
}

/// Ends the session of the ID token and returns to the client. Without one there is
/// nothing to end, as this issuer keeps no cookie; then it says so.
async fn end(issuer: &DevIssuer, request: Request) -> Response {
    let hint = request.id_token_hint.and_then(|hint| {
        issuer
            .signer
            .read_hint(&hint, &issuer.issuer, &issuer.client_id)
    });
    let ended = hint.as_ref().and_then(|hint| {
        let subject = hint.get("sub")?.as_str()?;
        let sid = hint.get("sid")?.as_str()?;
        Some((subject, sid))
    });
    let Some((subject, sid)) = ended else {
        return page::say(
            StatusCode::OK,
            "Signed out",
            "Nobody is signed in here from this browser.",
            &issuer.origin,
        );
    };
    issuer.store.end(sid, &issuer.env);
    tell_client(issuer, subject, sid).await;
    let onward = request
        .post_logout_redirect_uri
        .and_then(|uri| issuer.own_address(&uri));
    match onward {
        Some(mut url) => {
            if let Some(state) = request.state {
                url.query_pairs_mut().append_pair("state", &state);
            }
            Redirect::to(url.as_str()).into_response()
        }
        None => page::say(
            StatusCode::OK,
            "Signed out",
            "You are signed out of the development issuer.",
            &issuer.origin,
        ),
    }
}

/// Posts a logout token. The person's own sign-out does not depend on it.
async fn tell_client(issuer: &DevIssuer, subject: &str, sid: &str) {
    let now = issuer.now();
    let claims = json!({
        "iss": issuer.issuer,
        "aud": issuer.client_id,
        "iat": now,
        "exp": now + LOGOUT_TOKEN_SECONDS,
        "jti": issuer.env.secret(),
        "sub": subject,
        "sid": sid,
        "events": { LOGOUT_EVENT: {} },
    });
    let token = match issuer.signer.sign("logout+jwt", &claims) {
        Ok(token) => token,
        Err(error) => {
            tracing::error!(%error, "the development issuer could not sign a logout token");
            return;
        }
    };
    let sent = issuer
        .http
        .post(format!("{}/auth/backchannel-logout", issuer.origin))
        .form(&[("logout_token", token)])
        .send()
        .await
        .and_then(reqwest::Response::error_for_status);
    if let Err(error) = sent {
        tracing::warn!(%error, "kombify did not take the logout of a development session");
    }
}

impl DevIssuer {
    /// An address of kombify's own, and no other's.
    fn own_address(&self, uri: &str) -> Option<Url> {
        let url = Url::parse(uri).ok()?;
        let own = Url::parse(&self.origin).ok()?;
        (url.origin() == own.origin() && url.origin().is_tuple()).then_some(url)
    }
}
