//! The authorisation endpoint: who is it? (OpenID Connect Core 1.0, 3.1.2)

use std::sync::Arc;

use axum::{
    Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use openidconnect::url::Url;
use serde::Deserialize;

use super::{
    DevIssuer,
    account::{self, Account},
    page,
    store::Code,
};

/// A SHA-256 in base64url has so many characters (RFC 7636, 4.2).
const CHALLENGE_LENGTH: usize = 43;

#[derive(Deserialize)]
pub(super) struct Request {
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    login_hint: String,
    /// The button of the page.
    #[serde(default)]
    account: String,
}

/// Shows the accounts; with `prompt=none` a `login_hint` picks one at once.
pub(super) async fn show(
    State(issuer): State<Arc<DevIssuer>>,
    Query(request): Query<Request>,
) -> Response {
    if let Err(refusal) = request.check(&issuer) {
        return refusal.answer(&issuer, &request);
    }
    if request.prompt == "none" {
        return match account::find(&request.login_hint) {
            Some(account) => request.grant(&issuer, account),
            None => Refusal::Told("login_required").answer(&issuer, &request),
        };
    }
    let Request {
        response_type,
        client_id,
        redirect_uri,
        scope,
        state,
        nonce,
        code_challenge,
        code_challenge_method,
        prompt: _,
        login_hint: _,
        account: _,
    } = &request;
    page::choose(
        &[
            ("response_type", response_type),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("scope", scope),
            ("state", state),
            ("nonce", nonce),
            ("code_challenge", code_challenge),
            ("code_challenge_method", code_challenge_method),
        ],
        &issuer.origin,
    )
}

/// Takes the choice.
pub(super) async fn choose(
    State(issuer): State<Arc<DevIssuer>>,
    Form(request): Form<Request>,
) -> Response {
    if let Err(refusal) = request.check(&issuer) {
        return refusal.answer(&issuer, &request);
    }
    match account::find(&request.account) {
        Some(account) => request.grant(&issuer, account),
        None => Refusal::Shown("There is no such account here.").answer(&issuer, &request),
    }
}

/// Why a request is refused.
enum Refusal {
    /// The client cannot be trusted with the answer: the person sees it.
    Shown(&'static str),
    /// The client is told by this code (RFC 6749, 4.1.2.1).
    Told(&'static str),
}

impl Refusal {
    fn answer(&self, issuer: &DevIssuer, request: &Request) -> Response {
        match self {
            Self::Shown(sentence) => page::say(
                StatusCode::BAD_REQUEST,
                "This sign-in cannot be used",
                sentence,
                &issuer.origin,
            ),
            Self::Told(code) => request.send_back(&[("error", code)]),
        }
    }
}

impl Request {
    fn check(&self, issuer: &DevIssuer) -> Result<(), Refusal> {
        if self.client_id != issuer.client_id {
            return Err(Refusal::Shown(
                "The client is not known here. Start again from kombify.",
            ));
        }
        if self.redirect_uri != issuer.redirect_uri() {
            return Err(Refusal::Shown(
                "The address to return to is not kombify's. Start again from kombify.",
            ));
        }
        if self.response_type != "code" {
            return Err(Refusal::Told("unsupported_response_type"));
        }
        if !self.scopes().any(|scope| scope == "openid") {
            return Err(Refusal::Told("invalid_scope"));
        }
        let is_challenged =
            self.code_challenge_method == "S256" && self.code_challenge.len() == CHALLENGE_LENGTH;
        if !is_challenged || self.state.is_empty() {
            return Err(Refusal::Told("invalid_request"));
        }
        Ok(())
    }

    fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.split(' ')
    }

    fn grant(&self, issuer: &DevIssuer, account: &'static Account) -> Response {
        let code = Code {
            account,
            redirect_uri: self.redirect_uri.clone(),
            challenge: self.code_challenge.clone(),
            nonce: Some(self.nonce.clone()).filter(|nonce| !nonce.is_empty()),
            offline: self.scopes().any(|scope| scope == "offline_access"),
        };
        let code = issuer.store.issue(code, &issuer.env);
        self.send_back(&[("code", &code)])
    }

    /// Back to the client, whose address was checked.
    fn send_back(&self, fields: &[(&str, &str)]) -> Response {
        let Ok(mut url) = Url::parse(&self.redirect_uri) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        url.query_pairs_mut().extend_pairs(fields);
        if !self.state.is_empty() {
            url.query_pairs_mut().append_pair("state", &self.state);
        }
        let discreet = AppendHeaders([
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
        ]);
        (discreet, Redirect::to(url.as_str())).into_response()
    }
}
