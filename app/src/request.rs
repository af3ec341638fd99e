//! What server functions need of the request: who asks, for which tenant, and
//! how a refusal is answered.

use std::sync::Arc;

use domain::{
    Error, Services,
    actor::{Actor, Credentials},
    stack::TenantScope,
};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use tokio::sync::OnceCell;
use types::{Problem, Timestamp};

/// The one entrance to the domain.
pub(crate) fn services() -> Services {
    expect_context()
}

/// The server's time, for what is shown relative to it.
pub(crate) fn now() -> Timestamp {
    services().now()
}

/// Puts into the context what server functions need of the request.
pub fn provide_request(services: Services, credentials: Credentials) {
    provide_context(services);
    provide_context(credentials);
    provide_context(Identified::default());
}

/// Who asks, once it is known: a page's server functions are called beside each other.
#[derive(Clone, Default)]
struct Identified(Arc<OnceCell<Actor>>);

fn credentials() -> Credentials {
    use_context().unwrap_or_default()
}

/// Who asks; looked up once per request.
///
/// # Errors
/// `unauthenticated` without a valid session or token.
pub(crate) async fn actor() -> Result<Actor, Problem> {
    identify().await.map_err(refused)
}

/// Who asks, or nobody: for pages that both may see.
///
/// # Errors
/// What `authenticate` answers, except for `unauthenticated`.
pub(crate) async fn actor_if_any() -> Result<Option<Actor>, Problem> {
    match identify().await {
        Ok(actor) => Ok(Some(actor)),
        Err(error) if error.code() == types::ErrorCode::Unauthenticated => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

async fn identify() -> Result<Actor, Error> {
    let (services, credentials) = (services(), credentials());
    let Identified(known) = expect_context();
    known
        .get_or_try_init(|| services.authenticate(&credentials))
        .await
        .cloned()
}

/// The tenant whose namespace the caller may enter.
///
/// # Errors
/// `stack_session_required` without a session of the stack service,
/// `tenant_not_found` when there is no such tenant or no access to it.
pub(crate) async fn scope(slug: &str) -> Result<TenantScope, Problem> {
    authorise(slug).await.map_err(refused)
}

/// The same, leaving it to the caller what a refusal means.
///
/// # Errors
/// As [`scope`].
pub(crate) async fn authorise(slug: &str) -> Result<TenantScope, Error> {
    services()
        .stack
        .access
        .authorise(&credentials(), slug)
        .await
}

/// Turns an error into what the caller is told and sets the answer's status; a
/// fault is logged here, once, with its chain.
#[expect(clippy::needless_pass_by_value, reason = "it is made for `map_err`")]
pub(crate) fn refused(error: Error) -> Problem {
    error.log();
    let mut problem = error.problem();
    problem.request_id = Some(credentials().request_id).filter(|id| !id.is_empty());
    if let Some(answer) = use_context::<ResponseOptions>() {
        if let (Ok(status), false) = (StatusCode::from_u16(problem.status), is_plain_form()) {
            answer.set_status(status);
        }
        answer.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    problem
}

/// Leads a browser without wasm on after its form. With it the page goes by itself, and a
/// redirect would be one more step to come back to.
pub(crate) fn lead_on(path: &str) {
    if is_plain_form() {
        leptos_axum::redirect(path);
    }
}

/// Whether a browser without wasm sent a form: it is led back to its page, which
/// then says what was wrong, and a status of ours would stop it.
pub(crate) fn is_plain_form() -> bool {
    use_context::<http::request::Parts>().is_some_and(|parts| {
        parts.method == http::Method::POST
            && parts
                .headers
                .get(header::ACCEPT)
                .and_then(|accept| accept.to_str().ok())
                .is_some_and(|accept| accept.contains("text/html"))
    })
}
