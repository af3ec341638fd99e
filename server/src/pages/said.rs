//! What a form without scripts brings back.
//!
//! A form that is refused leads back to its page, and the address carries the refusal in
//! `__err` (that is how Leptos' forms work without scripts). Anybody can make such an
//! address, and the page would say their words as its own. So a refusal counts only in the
//! browser that was just led there: a cookie beside the redirect says which one it was.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};
use sha2::{Digest as _, Sha256};
use time::Duration;

use crate::{cookies::CookieNames, state::AppState};

/// What the refusal is called in an address, and the form that it is about.
const CARRIED: [&str; 2] = ["__err", "__path"];
/// So long the page can be read again with what it says.
const REMEMBERED: Duration = Duration::minutes(5);

/// Takes refusals out of addresses to which this browser was not led.
pub(super) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let cookies = state.cookies;
    let is_form = *request.method() == Method::POST;
    if *request.method() == Method::GET
        && let Some(said) = refusal(request.uri())
        && cookies.value(request.headers(), &cookies.said()) != Some(said)
    {
        return Redirect::to(&without(request.uri())).into_response();
    }
    let host = request.headers().get(header::HOST).cloned();
    let mut response = next.run(request).await;
    let led = leads_to(response.headers());
    let Some((said, address)) = led.and_then(|address| Some((refusal(&address)?, address))) else {
        return response;
    };
    // The way back is where the form says that it came from: no refusal goes to others.
    let is_ours = address
        .authority()
        .is_none_or(|there| host.is_some_and(|host| host.as_bytes() == there.as_str().as_bytes()));
    if !is_ours {
        return Redirect::to("/").into_response();
    }
    if is_form {
        remember(&mut response, cookies, said);
    }
    response
}

/// The digest of all that an address carries of a refusal, in its order.
fn refusal(address: &Uri) -> Option<String> {
    let query = address.query()?.as_bytes();
    let carried = form_urlencoded::parse(query).filter(|(name, _)| CARRIED.contains(&&**name));
    let carried = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(carried)
        .finish();
    (!carried.is_empty()).then(|| hex::encode(Sha256::digest(carried)))
}

/// The address without a refusal.
fn without(address: &Uri) -> String {
    let query = address.query().unwrap_or_default().as_bytes();
    let kept = form_urlencoded::parse(query).filter(|(name, _)| !CARRIED.contains(&&**name));
    let kept = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .finish();
    // One slash: with two of them it would be the address of another site.
    let path = format!("/{}", address.path().trim_start_matches(['/', '\\']));
    match kept.as_str() {
        "" => path,
        kept => format!("{path}?{kept}"),
    }
}

fn leads_to(headers: &HeaderMap) -> Option<Uri> {
    headers.get(header::LOCATION)?.to_str().ok()?.parse().ok()
}

fn remember(response: &mut Response, cookies: CookieNames, said: String) {
    let cookie = cookies.cookie(cookies.said(), said, Some(REMEMBERED));
    if let Ok(cookie) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
