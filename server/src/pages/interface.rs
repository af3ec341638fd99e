//! The Leptos interface: server-rendered pages, server functions, static files.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, Uri, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
    routing::any,
};
use domain::actor::Credentials;
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes as _, ResponseOptions, generate_route_list,
    render_app_to_stream_with_context,
};
use tower_http::services::{ServeDir, ServeFile};
use types::{ErrorCode, Problem};

use super::{built, kept, plain::document, said};
use crate::{
    error::problem,
    state::{AppState, Site},
};

/// The pages, found out once. While Leptos does, no resource of the whole process loads,
/// and a page that another application of this process renders meanwhile never ends.
static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();

/// Pages, server functions and static files; also answers what nothing else serves.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    let routes = ROUTES.get_or_init(|| generate_route_list(app::App)).clone();
    let site_root = state.leptos.site_root.to_string();
    let options = state.leptos.clone();
    let router = Router::new()
        .leptos_routes_with_context(state, routes, context(state), move || {
            app::shell(options.clone())
        })
        .nest_service(
            "/pkg",
            static_files(
                &format!("{site_root}/pkg"),
                "public, max-age=31536000, immutable",
            ),
        )
        .nest_service(
            "/fonts",
            static_files(
                &format!("{site_root}/fonts"),
                "public, max-age=31536000, immutable",
            ),
        )
        .route_service(
            "/favicon.svg",
            ServeFile::new(format!("{site_root}/favicon.svg")),
        )
        .nest_service("/js", static_files(&format!("{site_root}/js"), "no-cache"))
        .fallback(any(not_found))
        .layer(middleware::from_fn_with_state(state.clone(), kept::layer))
        .layer(middleware::from_fn_with_state(state.clone(), said::layer));
    let Some(why) = built::why_not(&state.leptos) else {
        return router;
    };
    tracing::error!("{why}");
    let why: Arc<str> = why.into();
    router.layer(middleware::from_fn_with_state(why, no_pages))
}

/// Says why there are no pages; programs are answered all the same.
async fn no_pages(State(why): State<Arc<str>>, request: Request, next: Next) -> Response {
    if is_for_programs(request.uri().path()) {
        return next.run(request).await;
    }
    let page = document("The interface is missing", &why, None);
    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
}

/// What pages and server functions find in their context: the services, what the
/// request brought, and for pages the policy with their nonce.
fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static + use<> {
    let services = state.services.clone();
    let site = Arc::clone(&state.site);
    move || {
        let credentials =
            use_context::<Parts>().and_then(|parts| parts.extensions.get::<Credentials>().cloned());
        app::provide_request(services.clone(), credentials.unwrap_or_default());
        if let (Some(nonce), Some(answer)) = (use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&policy(&nonce, &site))
        {
            answer.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            answer.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// The policy of a page; docs/security.md says why each part is there.
fn policy(nonce: &str, site: &Site) -> String {
    // Where `cargo xtask run --watch` tells pages to reload.
    let reload = if site.development {
        " ws://127.0.0.1:3001 ws://localhost:3001"
    } else {
        ""
    };
    // Signing out goes on at the provider, and a form's redirects count.
    let sign_in = &site.sign_in_origin;
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'{reload}; manifest-src 'self'; form-action 'self' {sign_in}; frame-ancestors 'none'; base-uri 'none'"
    )
}

fn static_files(folder: &str, caching: &'static str) -> Router {
    Router::new()
        .fallback_service(
            ServeDir::new(folder)
                .precompressed_br()
                .precompressed_gzip(),
        )
        .layer(middleware::from_fn(
            move |request: Request, next: Next| async move {
                let mut response = next.run(request).await;
                if response.status().is_success() {
                    response
                        .headers_mut()
                        .insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
                }
                response
            },
        ))
}

/// Below these a program asks, and not a person.
const FOR_PROGRAMS: [&str; 4] = ["api", "v1", "ui", "internal"];

pub(super) fn is_for_programs(path: &str) -> bool {
    let mut words = path.split('/').skip(1);
    match (words.next(), words.nth(1)) {
        (Some("tenant"), below) => below == Some("v1"),
        (Some(first), _) => FOR_PROGRAMS.contains(&first),
        (None, _) => false,
    }
}

/// The address without slashes at its end, on this site. With scripts they would make no
/// difference.
fn without_slash(uri: &Uri) -> Option<String> {
    let path = uri.path().strip_suffix('/')?.trim_matches('/');
    let query = uri.query().map(|query| format!("?{query}"));
    (!path.is_empty()).then(|| format!("/{path}{}", query.unwrap_or_default()))
}

/// A path that nothing serves: a problem where a program asks, else the interface's
/// own page for it, with 404.
async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    if is_for_programs(request.uri().path()) {
        return problem(Problem::new(
            ErrorCode::NotFound,
            "There is nothing at this address.",
        ));
    }
    if let Some(address) = without_slash(request.uri()) {
        return Redirect::permanent(&address).into_response();
    }
    let options = state.leptos.clone();
    let render =
        render_app_to_stream_with_context(context(&state), move || app::shell(options.clone()));
    let mut response = render(request).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
