//! Documents that must work without the interface: a failed sign-in, the set-up, the
//! development issuer's own. Plain HTML in the platform's look, without a script.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("plain.css");

/// A document with one sentence, at most one button, and the way to kombify.
pub(crate) fn document(
    title: &str,
    sentence: &str,
    button: Option<(&str, &str)>,
) -> impl IntoResponse + use<> {
    let onward = button.map_or_else(
        || "<p><a class=\"button\" href=\"/\">Go to kombify</a></p>".to_owned(),
        |(label, method)| {
            format!(
                "<form method=\"{method}\"><button>{}</button></form>",
                escape(label)
            )
        },
    );
    html(title, &format!("<p>{}</p>{onward}", escape(sentence)), "")
}

/// A document around HTML. Its policy allows the style sheet above, this site's font and
/// sign, and forms to this site and to `client`, an origin or nothing.
pub(crate) fn html(title: &str, body: &str, client: &str) -> impl IntoResponse + use<> {
    let html = format!(
        "<!doctype html><html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\"><title>{title} · kombify</title><style>{STYLE}</style></head><body><main><a class=\"brand\" href=\"/\"><img src=\"/favicon.svg\" alt=\"\">kombify</a><h1>{title}</h1>{body}</main></body></html>",
        title = escape(title),
    );
    (
        AppendHeaders([(header::CONTENT_SECURITY_POLICY, policy(client))]),
        Html(html),
    )
}

/// A failure as a document, for a browser that followed a link.
pub(crate) fn failure(error: domain::Error) -> Response {
    let title = error.problem().title;
    failure_as(&title, error)
}

/// The same under a title of its own.
pub(crate) fn failure_as(title: &str, error: domain::Error) -> Response {
    error.log();
    let problem = error.problem();
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, document(title, &problem.detail, None)).into_response()
}

fn policy(client: &str) -> HeaderValue {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    HeaderValue::from_str(&format!(
        "default-src 'none'; style-src 'sha256-{hash}'; font-src 'self'; img-src 'self'; form-action 'self' {client}; frame-ancestors 'none'; base-uri 'none'"
    ))
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Text as HTML shows it, also inside of an attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
