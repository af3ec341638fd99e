//! Documents that must work without the interface: a failed sign-in, the set-up.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse, Response},
};

const STYLE: &str = include_str!("plain.css");
/// Allows the style sheet above, a form to this site and what a provider's sign-in
/// needs, and nothing else. The hash is that of the style sheet.
const HEADER: HeaderName = header::CONTENT_SECURITY_POLICY;

/// A small document with one sentence and at most one button.
pub(crate) fn document(
    title: &str,
    sentence: &str,
    button: Option<(&str, &str)>,
) -> impl IntoResponse + use<> {
    let button = button.map_or_else(String::new, |(label, method)| {
        format!(
            "<form method=\"{method}\"><button>{}</button></form>",
            escape(label)
        )
    });
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · kombify</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{}</p>{button}<p><a href=\"/\">Go to kombify</a></p></main></body></html>",
        escape(sentence),
        title = escape(title),
    );
    (AppendHeaders([(HEADER, policy())]), Html(html))
}

/// A failure as a document, for a browser that followed a link.
pub(crate) fn failure(error: domain::Error) -> Response {
    error.log();
    let problem = error.problem();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, document(&problem.title, &problem.detail, None)).into_response()
}

fn policy() -> HeaderValue {
    use base64::Engine as _;
    use sha2::Digest as _;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(STYLE));
    HeaderValue::from_str(&format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ))
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
