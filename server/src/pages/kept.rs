//! A tenant's page is rendered again when something changed, and at least each second;
//! in between, whoever asks for it again gets what was rendered for them, under a nonce
//! of its own. docs/architecture.md says why.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{assertion, services::PageVersion};
use leptos::nonce::Nonce;
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use types::{ErrorCode, Problem, Timestamp};

use super::interface::is_for_programs;
use crate::{error::problem, state::AppState};

/// A page tells how long ago things were, so it is not kept for longer.
const KEPT_MS: i64 = 1000;
/// How long a database may take to say which content it has.
const PATIENCE: Duration = Duration::from_millis(500);
/// All pages together, in bytes.
const MOST_BYTES: u64 = 8 << 20;
/// About how many pages that is.
const ABOUT_PAGES: usize = 128;

/// The pages that were rendered in the last second.
pub(crate) struct KeptPages(Cache<Asked, Arc<Kept>, Bytewise>);

/// A page as somebody asks for it: the digest of its address and of the cookies, which
/// name their sessions and how they like to see it.
type Asked = [u8; 32];

struct Kept {
    version: PageVersion,
    rendered_at: Timestamp,
    headers: HeaderMap,
    nonce: String,
    /// What stands around the nonces.
    pieces: Vec<Bytes>,
}

#[derive(Clone)]
struct Bytewise;

impl Weighter<Asked, Arc<Kept>> for Bytewise {
    fn weight(&self, _: &Asked, page: &Arc<Kept>) -> u64 {
        page.pieces.iter().map(|piece| piece.len() as u64).sum()
    }
}

impl Default for KeptPages {
    fn default() -> Self {
        Self(Cache::with_weighter(ABOUT_PAGES, MOST_BYTES, Bytewise))
    }
}

/// Answers with the page that was kept, if it would be rendered the same.
pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some((asked, slug)) = asked(&request) else {
        return next.run(request).await;
    };
    let Ok(Ok(version)) = timeout(PATIENCE, state.services.version(&slug)).await else {
        return next.run(request).await;
    };
    let now = state.services.now();
    let known = state.kept.0.get(&asked).filter(|page| {
        page.version == version && (0..KEPT_MS).contains(&now.millis_since(page.rendered_at))
    });
    if let Some(page) = known {
        count("kept");
        return page.under(&Nonce::new());
    }
    count("rendered");
    keep(&state, asked, version, now, next.run(request).await).await
}

fn count(how: &'static str) {
    metrics::counter!("kombify_tenant_pages_total", "answer" => how).increment(1);
}

/// Which tenant's page is asked for, by a browser with a session.
fn asked(request: &Request) -> Option<(Asked, String)> {
    let headers = request.headers();
    let proves_otherwise =
        headers.contains_key(header::AUTHORIZATION) || headers.contains_key(assertion::HEADER);
    let path = request.uri().path();
    if request.method() != Method::GET || proves_otherwise || is_for_programs(path) {
        return None;
    }
    let slug = path.strip_prefix("/tenant/")?.split('/').next()?;
    let mut digest = Sha256::new();
    digest.update(request.uri().to_string());
    for cookies in headers.get_all(header::COOKIE) {
        digest.update([0]);
        digest.update(cookies);
    }
    Some((digest.finalize().into(), slug.to_owned()))
}

async fn keep(
    state: &AppState,
    asked: Asked,
    version: PageVersion,
    rendered_at: Timestamp,
    answer: Response,
) -> Response {
    let Some(nonce) = nonce(&answer) else {
        return answer;
    };
    let (parts, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return problem(Problem::new(
            ErrorCode::Internal,
            "The page could not be rendered. Try again.",
        ));
    };
    let page = Kept {
        version,
        rendered_at,
        headers: parts.headers.clone(),
        pieces: around(&body, nonce.as_bytes()),
        nonce,
    };
    state.kept.0.insert(asked, Arc::new(page));
    Response::from_parts(parts, Body::from(body))
}

/// The nonce of a page that everything went well with, and that sets no cookie.
fn nonce(answer: &Response) -> Option<String> {
    let headers = answer.headers();
    if answer.status() != StatusCode::OK || headers.contains_key(header::SET_COOKIE) {
        return None;
    }
    let policy = headers
        .get(header::CONTENT_SECURITY_POLICY)?
        .to_str()
        .ok()?;
    let (_, rest) = policy.split_once("'nonce-")?;
    Some(rest.split_once('\'')?.0.to_owned())
}

fn around(body: &Bytes, nonce: &[u8]) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    for at in memchr::memmem::find_iter(body, nonce) {
        pieces.push(body.slice(begin..at));
        begin = at + nonce.len();
    }
    pieces.push(body.slice(begin..));
    pieces
}

impl Kept {
    fn under(&self, nonce: &Nonce) -> Response {
        let mut headers = self.headers.clone();
        let policy = headers
            .get(header::CONTENT_SECURITY_POLICY)
            .and_then(|policy| policy.to_str().ok())
            .map(|policy| policy.replace(&self.nonce, nonce));
        if let Some(Ok(policy)) = policy.map(|policy| HeaderValue::from_str(&policy)) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        (headers, self.pieces.join(nonce.as_bytes())).into_response()
    }
}
